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
