//! What to say of grants, and of what the access rules deny at the station.

use super::{NOTHING, Row};

const STANDS: (&str, &str) = (
    "The grant stands as it was; the attempt is in the audit register.",
    "授权状态未变；本次操作已记入审计登记。",
);

pub(super) const TABLE: &[Row] = &[
    (
        "forbidden",
        "访问规则不允许此操作。",
        (
            "Nothing was shown or changed; the denial is in the audit register.",
            "未显示也未更改任何内容；本次拒绝已记入审计登记。",
        ),
        (
            "If the work needs it, a manager applies: custos admin … grant apply --help",
            "如工作需要，请由管理人员申请：custos admin … grant apply --help",
        ),
    ),
    (
        "grant-terms",
        "授权条款超出允许范围。",
        NOTHING,
        (
            "Name who, at least one department, case or officer, a purpose, and at most 366 days.",
            "请写明对象、至少一个部门/案件/人员、用途，期限不超过 366 天。",
        ),
    ),
    (
        "grant-signature",
        "提交的不是该步骤的有效签名。",
        STANDS,
        (
            "Sign the step again with your own key.",
            "请用本人密钥重新签署该步骤。",
        ),
    ),
    (
        "grant-other-signer",
        "该步骤不是由提交者本人签署。",
        STANDS,
        (
            "Each person signs and hands in the own step.",
            "请由本人签署并提交本人的步骤。",
        ),
    ),
    (
        "grant-wrong-role",
        "您的角色不能办理此步骤。",
        STANDS,
        (
            "A manager applies, an approver approves, device management sets.",
            "由管理人员申请、上级领导审批、设备管理部门设置。",
        ),
    ),
    (
        "grant-same-person",
        "每一步须由不同的人办理，您已办理其中一步。",
        STANDS,
        (
            "Ask somebody else with the role.",
            "请由具有相应角色的其他人员办理。",
        ),
    ),
    (
        "grant-own",
        "任何人不得审批或设置给予本人的授权。",
        STANDS,
        (
            "Ask somebody else with the role.",
            "请由具有相应角色的其他人员办理。",
        ),
    ),
    (
        "grant-other-step",
        "所签内容不是该授权的下一步。",
        STANDS,
        (
            "Look at the grant and sign what stands there now: grant show ID",
            "请查看授权当前内容后重新签署：grant show ID",
        ),
    ),
    (
        "grant-widened",
        "审批范围超过了申请范围。",
        STANDS,
        (
            "Approve what was applied for or less; for more, another application is needed.",
            "只能按申请范围或更小范围审批；需要更大范围请重新申请。",
        ),
    ),
    (
        "grant-expired",
        "授权期限已过。",
        STANDS,
        ("Apply anew.", "请重新申请。"),
    ),
    (
        "grant-state",
        "该授权不处于此步骤。",
        NOTHING,
        ("See: grant show ID", "请查看：grant show ID"),
    ),
    (
        "grant-exists",
        "已有同名授权。",
        NOTHING,
        ("Apply again.", "请重新提交申请。"),
    ),
    (
        "grant-differs",
        "服务器上的授权与签名不符，未签署。",
        NOTHING,
        (
            "Do not sign; tell who runs the station.",
            "请勿签署，并通知服务器管理人员。",
        ),
    ),
    (
        "bad-time",
        "时间格式不正确。",
        NOTHING,
        (
            "Write it as 2026-01-31 or 2026-01-31T14:30.",
            "请按 2026-01-31 或 2026-01-31T14:30 填写。",
        ),
    ),
];
