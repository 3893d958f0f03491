@echo off
rem Windows: finds a Python and starts start.py, which does the rest.
cd /d "%~dp0"
py -3 -c "import sys; sys.exit(sys.version_info < (3, 11))" >nul 2>nul
if not errorlevel 1 (
  py -3 start.py %*
  goto end
)
python -c "import sys; sys.exit(sys.version_info < (3, 11))" >nul 2>nul
if not errorlevel 1 (
  python start.py %*
  goto end
)
echo Python 3.11 or newer is needed: see START-HERE.html.
:end
pause
