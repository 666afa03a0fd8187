# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""The look of the stand-in: the variables that Nextcloud's themes set (names and values as seen on 33), light and dark."""

_ALWAYS = """
font-face:system-ui,sans-serif; default-font-size:15px; font-size-small:13px; default-line-height:1.5
font-weight-default:400; font-weight-element:600; font-weight-heading:600
animation-quick:100ms; animation-slow:300ms; border-width-input:1px; border-width-input-focused:2px
border-radius-small:4px; border-radius-element:8px; border-radius-container:12px; border-radius-container-large:16px
border-radius:4px; border-radius-large:8px; border-radius-rounded:28px; border-radius-pill:100px
default-clickable-area:34px; clickable-area-large:48px; clickable-area-small:24px; default-grid-baseline:4px
header-height:50px; navigation-width:300px; body-container-radius:16px; body-container-margin:8px
body-height:calc(100% - 58px); breakpoint-mobile:1024px; color-border-maxcontrast:#7d7d7d
color-scrollbar:var(--color-border-maxcontrast) transparent; filter-background-blur:none
color-primary:#1e6b4f; color-primary-text:#ffffff; color-background-plain:#1e6b4f; color-background-plain-text:#ffffff
color-main-background-blur:var(--color-main-background); color-main-background-translucent:var(--color-main-background)
color-border-error:var(--color-element-error); color-border-success:var(--color-element-success)
"""
_LIGHT = """
color-main-background:#ffffff; color-main-text:#222222; color-text-maxcontrast:#6b6b6b; color-background-hover:#f5f5f5
color-background-dark:#ededed; color-background-darker:#dbdbdb; color-border:#ededed; color-border-dark:#dbdbdb
color-text-error:#bf0000; color-text-success:#066e03; color-element-error:#c90000; color-element-info:#0077c7
color-element-success:#099f05; color-element-warning:#bf7900; color-error:#ffe7e7; color-error-hover:#ffc3c3
color-error-text:#8a0000; color-warning:#ffeec5; color-warning-hover:#ffe4a1; color-warning-text:#664700
color-success:#d8f3da; color-success-hover:#bdebc0; color-success-text:#005416; color-info:#d5f1fa
color-info-hover:#b5e6f6; color-info-text:#0066ac; color-box-shadow:rgba(77,77,77,.5); background-invert-if-dark:no
color-primary-hover:#16523c; color-primary-element:#1e6b4f; color-primary-element-hover:#16523c
color-primary-element-text:#ffffff; color-primary-element-text-dark:#ededed; color-primary-light:#e8f0ed
color-primary-light-text:#0c2b20; color-primary-element-light:#e8f0ed; color-primary-element-light-text:#0c2b20
color-primary-element-light-hover:#dce4e1; primary-invert-if-dark:no
"""
_DARK = """
color-main-background:#171717; color-main-text:#ebebeb; color-text-maxcontrast:#999999; color-background-hover:#212121
color-background-dark:#292929; color-background-darker:#3b3b3b; color-border:#292929; color-border-dark:#3b3b3b
color-text-error:#ff6f6f; color-text-success:#49bb37; color-element-error:#ff5050; color-element-info:#0099e0
color-element-success:#40a330; color-element-warning:#ffcc00; color-error:#552121; color-error-hover:#7a2f2f
color-error-text:#ffcccc; color-warning:#3d3010; color-warning-hover:#65501b; color-warning-text:#ffeec5
color-success:#11321a; color-success-hover:#1e582e; color-success-text:#d5f2dc; color-info:#003553
color-info-hover:#005686; color-info-text:#00aeff; color-box-shadow:#000000; background-invert-if-dark:invert(100%)
color-primary-hover:#2f8a68; color-primary-element:#4fb38c; color-primary-element-hover:#6ac6a2
color-primary-element-text:#000000; color-primary-element-text-dark:#121212; color-primary-light:#17251f
color-primary-light-text:#a5d1bf; color-primary-element-light:#17251f; color-primary-element-light-text:#a5d1bf
color-primary-element-light-hover:#212f29; primary-invert-if-dark:invert(100%)
"""


def _variables(text: str) -> str:
    entries = (entry.strip() for line in text.splitlines() for entry in line.split(";"))
    return "".join(f"--{entry};" for entry in entries if entry)


NEXTCLOUD_CSS = (
    f":root{{color-scheme:light;{_variables(_ALWAYS)}{_variables(_LIGHT)}}}"
    f"@media(prefers-color-scheme:dark){{:root{{color-scheme:dark;{_variables(_DARK)}}}}}"
    "html,body{height:100%}body{margin:0;font:15px/1.5 system-ui,sans-serif;color:var(--color-main-text);"
    "background:var(--color-main-background)}"
    "#header{background:var(--color-primary);color:#fff;height:50px;padding:0 1rem;display:flex;align-items:center;"
    "justify-content:space-between;box-sizing:border-box}"
    "a{color:inherit;text-decoration:none}button,input,select,textarea{font:inherit}"
    "#skip-actions{position:absolute;top:-2000px;z-index:9}#skip-actions:focus-within{top:0;background:inherit}"
    ".hidden-visually{position:absolute;left:-10000px;width:1px;height:1px;overflow:hidden}"
)

_PLAIN_BUTTON = "button:not(.button-vue,[class^=vs__])"
EMBEDDED_CSS = (
    # What Nextcloud's own stylesheet does to plain elements of an app's page (seen on 33): it undoes the browser's
    # margins, sets lists of terms inline, keeps tables from breaking lines, and places both elements named `content`.
    "div,span,h1,h2,h3,h4,h5,h6,p,pre,a,dl,dt,dd,ol,ul,li,fieldset,form,label,legend,table,caption,tbody,thead,tr,th,td,"
    "figure,header,nav,section,main{margin:0;padding:0;border:0;font-weight:inherit;font-size:100%;vertical-align:baseline}"
    "h2{font-size:1.8em}h3{font-size:1.6em}h4{font-size:1.4em}dt,dd{display:inline-block;padding:12px 12px 12px 0}"
    "dt{width:130px;white-space:nowrap;text-align:end}#header{position:absolute;inset:0 0 auto}"
    "table{border-collapse:separate;border-spacing:0;white-space:nowrap}table,td,th{vertical-align:middle}ul,ol{list-style:none}"
    f"select,{_PLAIN_BUTTON},input,textarea{{width:130px;min-height:34px;box-sizing:border-box;margin:3px 3px 3px 0;"
    "padding:7px 14px;border:1px solid var(--color-border-dark);border-radius:var(--border-radius-element)}"
    f"{_PLAIN_BUTTON}{{width:auto;background-color:var(--color-primary-element-light);font-weight:bold;"
    "color:var(--color-primary-element-light-text);border:0}"
    f"{_PLAIN_BUTTON}:disabled{{background-color:var(--color-background-dark);color:var(--color-main-text);opacity:.5}}"
    f"{_PLAIN_BUTTON}:not(:disabled,.primary):hover{{background-color:var(--color-primary-element-light-hover)}}"
    "select{appearance:none;padding-inline-end:28px!important;background:no-repeat right 8px center "
    "url(\"data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg' width='12' height='8'><path fill='gray' "
    "d='M0 0h12L6 8z'/></svg>\")}"
    "#content{box-sizing:border-box;position:fixed;display:flex;margin:50px 8px 8px;width:calc(100% - 16px);"
    "height:var(--body-height);border-radius:16px;overflow:clip}#content[class*=app-] *{box-sizing:border-box}"
    "body{position:fixed;width:100%;background:var(--color-background-plain)}"
)
