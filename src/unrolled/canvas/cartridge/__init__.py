"""The course as a Common Cartridge, for Canvas's import."""
