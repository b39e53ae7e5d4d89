//! What to say of access rules.

use super::{NOTHING, Row};

const KEPT: (&str, &str) = (
    "Rules that do not hold are never installed; those in force stay.",
    "不合格的规则不会被安装；现行规则保持有效。",
);

pub(super) const TABLE: &[Row] = &[
    (
        "rules-syntax",
        "规则格式有误。",
        KEPT,
        (
            "Put right the place that the message names.",
            "请按提示修正相应位置。",
        ),
    ),
    (
        "rules-schema",
        "规则与模式不符。",
        KEPT,
        (
            "Use the actions and attributes of the schema: custos policy check --schema",
            "请使用模式中的动作和属性：custos policy check --schema",
        ),
    ),
    (
        "rules-no-id",
        "有规则缺少 @id。",
        KEPT,
        (
            "Give each rule an @id of small letters, digits and hyphens.",
            "请为每条规则填写 @id（小写字母、数字、连字符）。",
        ),
    ),
    (
        "rules-no-clause",
        "有规则缺少 @clause。",
        KEPT,
        (
            "Give each rule the @clause that it comes from.",
            "请为每条规则注明其依据条款 @clause。",
        ),
    ),
    (
        "rules-same-id",
        "两条规则的 @id 相同。",
        KEPT,
        ("Give them different names.", "请改用不同的名称。"),
    ),
    (
        "rules-template",
        "不接受模板规则。",
        KEPT,
        ("Write the rule out.", "请写成完整规则。"),
    ),
    (
        "rules-empty",
        "文件中没有规则。",
        KEPT,
        ("Check the path.", "请核对路径。"),
    ),
    (
        "rules-too-long",
        "规则过长。",
        KEPT,
        ("Shorten the file.", "请缩短文件。"),
    ),
    (
        "rules-invalid",
        "访问规则无效，或与本程序不符。",
        KEPT,
        (
            "Check them: custos policy check FILE; publish rules that fit.",
            "请检查：custos policy check 文件；并发布合格的规则。",
        ),
    ),
    (
        "rules-signature",
        "规则未由设备管理人员本人签署。",
        KEPT,
        (
            "Sign them with the key of a person with the role device.",
            "请由 device 角色人员用本人密钥签署。",
        ),
    ),
    (
        "rules-version",
        "规则版本不高于现行版本。",
        KEPT,
        ("Publish them again.", "请重新发布。"),
    ),
    (
        "key-taken",
        "该密钥已属于另一人员。",
        NOTHING,
        (
            "Make a key of the person's own.",
            "请为该人员生成本人的密钥。",
        ),
    ),
    (
        "last-administrator",
        "剩余的设备管理人员不足，无法签署变更。",
        NOTHING,
        (
            "Register another person with the role device first.",
            "请先登记另一名 device 角色人员。",
        ),
    ),
    (
        "change-signatures",
        "策略要求多人签署此类变更。",
        NOTHING,
        (
            "Hand it in as a change: custos admin … person add, policy publish do.",
            "请以变更方式提交：custos admin … person add 或 policy publish。",
        ),
    ),
    (
        "change-signature",
        "变更未由设备管理人员本人在原文上签署。",
        NOTHING,
        (
            "Sign the change as it is: custos admin … change sign ID",
            "请按原文签署：custos admin … change sign ID",
        ),
    ),
    (
        "change-range",
        "变更没有编号，或属于其他单位。",
        NOTHING,
        ("Make the change again.", "请重新提出变更。"),
    ),
    (
        "change-time",
        "变更已过期（首次签署七日后失效）。",
        NOTHING,
        ("Make the change again.", "请重新提出变更。"),
    ),
    (
        "change-made",
        "该变更已经生效。",
        NOTHING,
        (
            "Nothing is to be done: custos admin … change list",
            "无需操作：custos admin … change list",
        ),
    ),
    (
        "change-differs",
        "服务器上的变更与签名不符，未签署。",
        NOTHING,
        (
            "Do not sign; tell who runs the station.",
            "请勿签署，并通知服务器管理人员。",
        ),
    ),
    (
        "rules-range",
        "规则没有版本号或过长。",
        KEPT,
        ("Shorten the file.", "请缩短文件。"),
    ),
    (
        "rules-differ",
        "服务器上的规则与签名不符，未签署。",
        KEPT,
        (
            "Do not sign; tell who runs the station.",
            "请勿签署，并通知服务器管理人员。",
        ),
    ),
    (
        "decides-otherwise",
        "规则的判定与表不一致。",
        KEPT,
        (
            "Change the rules or the table until both say the same.",
            "请修改规则或表，使两者一致。",
        ),
    ),
    (
        "bad-table",
        "无法理解该表。",
        NOTHING,
        (
            "Put right the line that the message names; custos policy test --help lists the words.",
            "请修正提示所指的行；用词见 custos policy test --help。",
        ),
    ),
    (
        "bad-request",
        "无法理解该请求。",
        NOTHING,
        (
            "See custos policy explain --help for the words.",
            "用词见 custos policy explain --help。",
        ),
    ),
];
