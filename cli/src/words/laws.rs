//! What to say of law packs and questions to them.

use super::{NOTHING, Row};

pub(super) const TABLE: &[Row] = &[
    (
        "pack-source",
        "文件夹中没有可用的法规文本。",
        NOTHING,
        (
            "Give a folder of laws as .md or .jsonl; docs/FORMATS.md and packs/starter show how.",
            "请提供 .md 或 .jsonl 法规文件夹；示例见 packs/starter。",
        ),
    ),
    (
        "pack-malformed",
        "文件不是有效的法规包。",
        NOTHING,
        ("Get the pack from its source again.", "请重新获取法规包。"),
    ),
    (
        "pack-signature",
        "法规包未由有权人员签名。",
        NOTHING,
        (
            "Sync first: the terminal may not know yet who signs packs. If that does not help, do not use it, and ask who publishes them.",
            "请先同步：终端可能尚不知道由谁签名。仍不接受时请勿使用，并联系法规包发布人员。",
        ),
    ),
    (
        "pack-altered",
        "法规包内容与签名不符。",
        NOTHING,
        (
            "Do not use it; get the pack from its source again.",
            "请勿使用；请重新获取法规包。",
        ),
    ),
    (
        "pack-older",
        "已安装的法规包同样新或更新。",
        NOTHING,
        ("Nothing needs to be done.", "无需操作。"),
    ),
    (
        "pack-missing",
        "终端尚未安装法规包。",
        NOTHING,
        (
            "Install one: custos terminal --dir D laws FILE",
            "请先安装：custos terminal --dir D laws 文件",
        ),
    ),
    (
        "pack-other-name",
        "两个法规包名称不同。",
        NOTHING,
        (
            "Give two versions of one pack; `pack info` says their names.",
            "请提供同一法规包的两个版本；`pack info` 可查看名称。",
        ),
    ),
    (
        "pack-not-newer",
        "第二个法规包不比第一个新。",
        NOTHING,
        (
            "Give the older pack first; `pack info` says their versions.",
            "请先提供旧版本；`pack info` 可查看版本。",
        ),
    ),
    (
        "pack-base",
        "增量包不适用于已安装的法规包版本。",
        NOTHING,
        (
            "Install the whole new pack, or the delta from the version that `pack info` and this terminal name.",
            "请安装完整的新法规包，或使用与已安装版本对应的增量包。",
        ),
    ),
    (
        "bookmarks-full",
        "收藏已达上限。",
        NOTHING,
        (
            "Drop one: custos terminal … lookup bookmark LAW ARTICLE --remove",
            "请先移除一条：custos terminal … lookup bookmark 法规 条号 --remove",
        ),
    ),
    (
        "unknown-law",
        "法规包中没有该法规。",
        NOTHING,
        (
            "Give its title, an abbreviation (治安法) or the initials of its pinyin (zagl).",
            "请输入法规名称、简称（治安法）或拼音首字母（zagl）。",
        ),
    ),
    (
        "unknown-article",
        "该法规没有此条。",
        NOTHING,
        (
            "See what it has: custos pack chapters PACK LAW",
            "请查看章节：custos pack chapters 法规包 法规名",
        ),
    ),
    (
        "bad-date",
        "日期格式不正确。",
        NOTHING,
        ("Write it as 2026-01-31.", "请按 2026-01-31 的格式填写。"),
    ),
];
