//! What to say of look-ups in registries.

use super::{NOTHING, Row};

const NOT_ASKED: (&str, &str) = (
    "Nothing was asked, and nobody learnt of it.",
    "未发出任何查询。",
);
const JOURNALLED: (&str, &str) = (
    "The question is in the journal; nothing was shown.",
    "该查询已记入日志；未显示任何内容。",
);
const CORRECT: (&str, &str) = (
    "Check the number and type it again.",
    "请核对号码后重新输入。",
);

macro_rules! malformed {
    ($code:literal, $zh:literal) => {
        ($code, $zh, NOT_ASKED, CORRECT)
    };
}

pub(super) const TABLE: &[Row] = &[
    malformed!("id-length", "身份证号码应为 18 位（旧号 15 位）。"),
    malformed!("id-character", "身份证号码含有无效字符。"),
    malformed!("id-date", "身份证号码的出生日期无效。"),
    malformed!("id-check", "身份证号码的校验码不符。"),
    malformed!("plate-province", "号牌的省份简称有误。"),
    malformed!("plate-office", "号牌的发牌机关代号有误。"),
    malformed!("plate-sequence", "号牌的序号有误。"),
    malformed!("subject-length", "编号应为 1 至 200 个字符。"),
    (
        "subject-wildcard",
        "应为一个完整号码；模糊查询的写法不符合要求。",
        NOT_ASKED,
        (
            "Type the whole number. By grants: several (lookup-batch) with blanks between; * and ? (lookup-wildcard) in plates and case numbers, beside 4 characters or more.",
            "请输入完整号码。持有授权的：批量查询（lookup-batch）号码之间用空格分隔；模糊查询（lookup-wildcard）仅限号牌和案件编号，用 * 和 ?，且已知字符不少于 4 个。",
        ),
    ),
    (
        "purpose-missing",
        "未说明查询事由。",
        NOT_ASKED,
        (
            "Say what it is for: --reason traffic, or --reason \"inquiry: words\".",
            "请说明事由：--reason traffic，或 --reason \"inquiry：说明\"。",
        ),
    ),
    (
        "purpose-length",
        "查询事由过长。",
        NOT_ASKED,
        (
            "Say it in at most 200 characters.",
            "请控制在 200 个字符以内。",
        ),
    ),
    (
        "purpose-names-subject",
        "查询事由中含有被查询的号码。",
        NOT_ASKED,
        (
            "Say why, not of whom: the journal is read by people who need not know.",
            "只写原因，不写对象：日志会由无关人员查阅。",
        ),
    ),
    (
        "lookup-denied",
        "访问规则不允许该查询。",
        (
            "The attempt is in the journal; nothing was shown.",
            "该次尝试已记入日志；未显示任何内容。",
        ),
        (
            "Begin a duty, or ask your superior whether the work needs it.",
            "请先开始执勤，或向上级确认是否工作所需。",
        ),
    ),
    (
        "lookup-needs-grant",
        "批量查询或模糊查询须持有有效的授权。",
        (
            "The attempt is in the journal; nothing was shown.",
            "该次尝试已记入日志；未显示任何内容。",
        ),
        (
            "Ask about one whole number at a time, or have a grant for it (custos admin … grant apply --action lookup-batch, or lookup-wildcard), and sync.",
            "请逐个查询完整号码；确有需要的，申请授权（custos admin … grant apply --action lookup-batch 或 lookup-wildcard）后同步。",
        ),
    ),
    (
        "lookup-batch-too-large",
        "一次最多查询 20 个对象。",
        NOT_ASKED,
        ("Ask about fewer at once.", "请减少一次查询的数量。"),
    ),
    (
        "lookup-stopped",
        "查询超出单位规定的范围，已被拒绝。",
        JOURNALLED,
        (
            "Speak with your superior: supervision has been told.",
            "请与上级联系：监督部门已收到提示。",
        ),
    ),
    (
        "lookup-not-journalled",
        "服务器的日志中没有该查询，或该查询已处理过。",
        JOURNALLED,
        ("Ask once more.", "请重新查询。"),
    ),
    (
        "lookup-too-old",
        "查询等待过久，或终端时钟有误。",
        JOURNALLED,
        (
            "Ask once more; if it happens again, have the clock checked.",
            "请重新查询；若再次出现，请检查终端时钟。",
        ),
    ),
    (
        "lookup-answer-foreign",
        "服务器返回的不是该查询的答复。",
        (
            "The answer was withheld; the journal has it as a security event.",
            "答复未予显示；已作为安全事件记入日志。",
        ),
        (
            "Tell device management: the station or the way to it is not sound.",
            "请告知设备管理部门：服务器或线路异常。",
        ),
    ),
    (
        "registry-down",
        "所查询的系统暂时无响应。",
        JOURNALLED,
        ("Try again in a minute.", "请稍后再试。"),
    ),
    (
        "registry-fault",
        "所查询的系统拒绝或返回了无效答复。",
        JOURNALLED,
        (
            "Tell device management which registry it was.",
            "请将所查系统告知设备管理部门。",
        ),
    ),
    (
        "registry-no-wildcards",
        "所查询的系统不支持模糊查询。",
        JOURNALLED,
        ("Ask with the whole number.", "请用完整号码查询。"),
    ),
    (
        "unknown-lookup",
        "没有该查询的答复。",
        ("Nothing changed.", "未作任何更改。"),
        (
            "See what waits: custos terminal … lookup waiting",
            "查看排队情况：custos terminal … lookup waiting",
        ),
    ),
    (
        "registries-config",
        "登记系统的配置有误。",
        (
            "The station did not start; nothing was changed.",
            "服务器未启动；未作任何更改。",
        ),
        (
            "Put registries.json in the station's folder right.",
            "请修正服务器目录中的 registries.json。",
        ),
    ),
    (
        "bad-import",
        "导入的文件有误。",
        ("What was known before is unchanged.", "原有数据保持不变。"),
        (
            "Put the line right that the message names, and import again.",
            "请修正提示的行后重新导入。",
        ),
    ),
    (
        "no-station",
        "该目录不是服务器目录。",
        NOTHING,
        (
            "Name the folder that custos station run serves.",
            "请指定 custos station run 所用的目录。",
        ),
    ),
    (
        "list-unacceptable",
        "名单签名无效或内容被改动。",
        NOTHING,
        (
            "Publish it again with the key of a person of role device.",
            "请用设备管理人员的密钥重新发布。",
        ),
    ),
    (
        "list-version",
        "已有同名且不旧于此的名单。",
        NOTHING,
        ("Publish it again.", "请重新发布。"),
    ),
    (
        "list-invalid",
        "服务器的名单未通过验证。",
        ("The list that was in place stays.", "原有名单保持不变。"),
        (
            "Tell device management: the station or the way to it is not sound.",
            "请告知设备管理部门：服务器或线路异常。",
        ),
    ),
];
