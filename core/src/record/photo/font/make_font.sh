#!/bin/sh
# Makes NotoSansSC-watermark.otf anew: Debian's Noto Sans CJK, the face for simplified Chinese, cut
# down to what a watermark can need. Debian 12: apt-get install fonts-noto-cjk python3-fonttools
set -eu
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -r "$work"' EXIT

# Both levels of GB 2312 (rows 16 to 87: 6,763 characters), its punctuation, and printable ASCII.
/usr/bin/python3 - > "$work/characters" <<'PYTHON'
rows = [1, 2, 3, *range(16, 88)]
pairs = [bytes([0xA0 + row, 0xA0 + cell]) for row in rows for cell in range(1, 95)]
wanted = set()
for pair in pairs:
    try:
        wanted.add(pair.decode("gb2312"))
    except UnicodeDecodeError:
        pass
wanted |= {chr(code) for code in range(0x20, 0x7F)}
wanted |= set("·—…〔〕℃°№")
print("".join(sorted(wanted)))
PYTHON

# Face 2 of the collection is SC. No hinting and no layout tables: what is drawn is a row of
# glyphs, each at its own advance.
/usr/bin/python3 -m fontTools.subset /usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc --font-number=2 \
    --text-file="$work/characters" --output-file="$here/NotoSansSC-watermark.otf" \
    --layout-features='' --no-hinting --desubroutinize --notdef-outline --name-IDs='0,1,2,3,4,5,6,13,14' \
    --name-languages=0x409 --drop-tables+=vhea,vmtx,VORG,BASE,GPOS,GSUB,GDEF
