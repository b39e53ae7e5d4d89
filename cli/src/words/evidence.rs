//! The words of opening evidence: what does not open, and why.

use super::{KEPT, NOTHING, Row};

const DAMAGED: (&str, &str) = (
    "Nothing of what does not authenticate was shown; a copy that the station confirmed is whole.",
    "未通过校验的内容均未显示；服务器已确认的副本完整。",
);
const REPORT: (&str, &str) = (
    "Stop using this device's storage and report it to device management.",
    "请停止使用该设备存储并报告设备管理部门。",
);

pub(super) const TABLE: &[Row] = &[
    (
        "not-sealed",
        "证据尚未封存。",
        KEPT,
        (
            "Wait until the recording has ended.",
            "请在记录结束后再试。",
        ),
    ),
    (
        "empty-range",
        "该时间段内没有内容。",
        NOTHING,
        (
            "Choose a time within the clip; `show` says how long it is.",
            "请选择证据时长以内的时间段；可用 show 查看。",
        ),
    ),
    (
        "reader-closed",
        "查看已结束：终端曾被锁定或人员已退出。",
        KEPT,
        ("Unlock, and open the clip again.", "请解锁后重新打开。"),
    ),
    (
        "evidence-not-age",
        "证据文件已损坏：不是加密文件。",
        DAMAGED,
        REPORT,
    ),
    (
        "evidence-header-too-large",
        "证据文件已损坏：文件头过大。",
        DAMAGED,
        REPORT,
    ),
    (
        "evidence-header-altered",
        "证据文件已损坏：文件头被改动。",
        DAMAGED,
        REPORT,
    ),
    (
        "evidence-other-recipient",
        "该证据未对本人员加密。",
        NOTHING,
        (
            "The agency's key opens it; report it to device management.",
            "机关密钥可以打开；请报告设备管理部门。",
        ),
    ),
    (
        "evidence-truncated",
        "证据文件已损坏：内容缺失。",
        DAMAGED,
        REPORT,
    ),
    (
        "evidence-no-end",
        "证据文件已损坏：结尾缺失。",
        DAMAGED,
        REPORT,
    ),
    (
        "evidence-trailing",
        "证据文件已损坏：结尾之后有多余内容。",
        DAMAGED,
        REPORT,
    ),
    (
        "evidence-altered",
        "证据文件已损坏：内容被改动。",
        DAMAGED,
        REPORT,
    ),
    (
        "evidence-not-media",
        "证据内容不是应有的媒体。",
        DAMAGED,
        REPORT,
    ),
    (
        "output-taken",
        "标准输出不能同时用于媒体与 --json。",
        NOTHING,
        (
            "Leave out --json, or name a file.",
            "请去掉 --json，或指定文件。",
        ),
    ),
];
