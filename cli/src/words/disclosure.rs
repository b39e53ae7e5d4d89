//! What to say of copies for somebody outside.

use super::{NOTHING, Row};

const STANDS: (&str, &str) = (
    "The disclosure stands as it was, and nothing left the agency; the attempt is in the audit \
     register.",
    "披露状态未变，未向外提供任何内容；本次操作已记入审计登记。",
);
const NOT_MADE: (&str, &str) = (
    "No copy was made; the original is sealed as before.",
    "未制作副本；原件仍密封保存。",
);

pub(super) const TABLE: &[Row] = &[
    (
        "disclosure-terms",
        "披露条款超出允许范围，或与保存的原件不符。",
        NOTHING,
        (
            "Name a recipient and a purpose; regions are of photos, at most 64; at most 366 days.",
            "请写明接收方和用途；遮挡区域仅限照片，最多 64 处；期限不超过 366 天。",
        ),
    ),
    (
        "disclosure-signature",
        "提交的不是该步骤的有效签名。",
        STANDS,
        (
            "Sign the step again with your own key.",
            "请用本人密钥重新签署该步骤。",
        ),
    ),
    (
        "disclosure-other-signer",
        "该步骤不是由提交者本人签署。",
        STANDS,
        (
            "Each person signs and hands in the own step.",
            "请由本人签署并提交本人的步骤。",
        ),
    ),
    (
        "disclosure-wrong-role",
        "您的角色不能办理此步骤。",
        STANDS,
        (
            "A custodian of evidence asks and makes the copy, an approver approves.",
            "由证据管理人员申请和制作副本，上级领导审批。",
        ),
    ),
    (
        "disclosure-same-person",
        "审批人不得是申请人或制作人。",
        STANDS,
        (
            "Let another person take this step.",
            "请由其他人员办理此步骤。",
        ),
    ),
    (
        "disclosure-other-step",
        "签署的不是该披露的下一步骤。",
        STANDS,
        (
            "Look at it (disclosure show ID), and sign again.",
            "请查看后（disclosure show ID）重新签署。",
        ),
    ),
    (
        "disclosure-state",
        "该披露不在此步骤。",
        STANDS,
        (
            "Look at it (disclosure show ID): it is made once it is approved, and not refused.",
            "请查看（disclosure show ID）：批准后且未被拒绝方可制作。",
        ),
    ),
    (
        "disclosure-expired",
        "该披露已过期。",
        STANDS,
        ("Ask for it again.", "请重新申请。"),
    ),
    (
        "disclosure-exists",
        "同名披露已存在。",
        STANDS,
        ("Ask again.", "请重新申请。"),
    ),
    (
        "disclosure-other-copy",
        "该披露已制作过另一份副本。",
        STANDS,
        (
            "One disclosure is one copy; ask for another one.",
            "一次披露只对应一份副本；请另行申请。",
        ),
    ),
    (
        "disclosure-differs",
        "服务器保存的内容与人员签署的不一致。",
        NOT_MADE,
        (
            "Do not go on; report it to whoever runs the station.",
            "请停止操作并报告服务器管理人员。",
        ),
    ),
    (
        "wrong-identity",
        "此身份文件无法打开该证据。",
        NOT_MADE,
        (
            "Use the agency's identity file (agency.key), as it was kept at the first start.",
            "请使用机关的身份文件（agency.key），即首次启动时保存的文件。",
        ),
    ),
    (
        "copy-not-written",
        "副本未能写入：磁盘空间不足或读写失败。",
        (
            "Nothing of the copy is left in the folder; the disclosure and the original stand as before.",
            "文件夹中未留下副本的任何部分；披露和原件保持不变。",
        ),
        (
            "Free space or take another folder, and make it again: it is the same copy.",
            "请释放空间或更换文件夹后重新制作：所得为同一副本。",
        ),
    ),
    (
        "region-outside",
        "遮挡区域超出照片范围。",
        NOT_MADE,
        (
            "Ask again with regions inside of the photo, in pixels as it is seen.",
            "请按所见照片的像素重新申请遮挡区域。",
        ),
    ),
];
