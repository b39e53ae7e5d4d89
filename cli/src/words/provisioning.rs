//! The words of provisioning and its end: tickets, folders without a terminal, wiped ones.

use super::{KEPT, NOTHING, Row};

pub(super) const TABLE: &[Row] = &[
    (
        "not-provisioned",
        "该文件夹中没有已配置的终端。",
        NOTHING,
        (
            "Provision it with a ticket: custos terminal --dir D provision --ticket FILE",
            "请先用凭证配置：custos terminal --dir D provision --ticket 文件",
        ),
    ),
    (
        "already-provisioned",
        "该文件夹中已有配置好的终端。",
        KEPT,
        (
            "Use another folder, or have the terminal wiped first.",
            "请换用其他文件夹，或先执行擦除。",
        ),
    ),
    (
        "wiped",
        "终端已被擦除。",
        (
            "What was confirmed is at the station.",
            "已确认的内容保存在服务器。",
        ),
        (
            "Provision the terminal again with a new ticket.",
            "请用新凭证重新配置。",
        ),
    ),
    (
        "ticket-malformed",
        "文件不是有效的配置凭证。",
        NOTHING,
        (
            "Get a new ticket from device management.",
            "请向设备管理部门申请新凭证。",
        ),
    ),
    (
        "ticket-expired",
        "配置凭证已过期。",
        NOTHING,
        (
            "Get a new ticket from device management.",
            "请向设备管理部门申请新凭证。",
        ),
    ),
    (
        "ticket-used",
        "配置凭证已被使用。",
        NOTHING,
        (
            "Get a new ticket; if nobody here used this one, report it.",
            "请申请新凭证；若非本人使用，请立即报告。",
        ),
    ),
    (
        "ticket-unknown",
        "服务器不认识该凭证。",
        NOTHING,
        (
            "Get a new ticket from device management.",
            "请向设备管理部门申请新凭证。",
        ),
    ),
];
