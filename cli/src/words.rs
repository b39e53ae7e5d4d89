//! What is safe and what to do next, for each failure, in both languages.

mod disclosure;
mod evidence;
mod grants;
mod laws;
mod lookup;
mod provisioning;
mod rules;

use crate::failure::Exit;

/// The sentences that go with a failure's code.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Words {
    /// What happened, in Chinese; the English comes from where it happened.
    pub(crate) message_zh: Option<&'static str>,
    pub(crate) safe_en: &'static str,
    pub(crate) safe_zh: &'static str,
    pub(crate) next_en: &'static str,
    pub(crate) next_zh: &'static str,
}

const KEPT: (&str, &str) = (
    "Everything recorded so far is kept, encrypted.",
    "此前记录的全部内容均已加密保存。",
);
const NOTHING: (&str, &str) = ("Nothing was changed.", "未做任何更改。");

type Row = (
    &'static str,
    &'static str,
    (&'static str, &'static str),
    (&'static str, &'static str),
);

/// Code, what happened in Chinese, what is safe, what to do next. Opening evidence and
/// provisioning have tables of their own.
const TABLE: &[Row] = &[
    (
        "wrong-pin",
        "PIN 错误。",
        NOTHING,
        (
            "Enter the PIN again; after too many errors the officer is locked out for a while.",
            "请重新输入 PIN；错误次数过多将暂时锁定。",
        ),
    ),
    (
        "too-many-attempts",
        "PIN 错误次数过多，已暂时锁定。",
        NOTHING,
        (
            "Wait, or ask device management.",
            "请稍候再试，或联系设备管理部门。",
        ),
    ),
    (
        "locked",
        "终端已被机关指令锁定。",
        KEPT,
        (
            "Ask device management for a signed unlock.",
            "请联系设备管理部门签发解锁指令。",
        ),
    ),
    (
        "unknown-officer",
        "本终端没有该人员。",
        NOTHING,
        ("Check the officer number.", "请核对人员编号。"),
    ),
    (
        "officer-not-allowed",
        "该人员无权使用本终端。",
        NOTHING,
        (
            "Ask device management to issue the terminal to this officer.",
            "请联系设备管理部门办理发放。",
        ),
    ),
    (
        "pin-too-short",
        "PIN 长度不符合策略要求。",
        NOTHING,
        ("Choose a longer PIN.", "请使用更长的 PIN。"),
    ),
    (
        "wrong-key",
        "密钥无法打开此保险库。",
        KEPT,
        (
            "Put back the key that belongs to this folder; never delete the folder.",
            "请恢复与此文件夹对应的密钥；切勿删除文件夹。",
        ),
    ),
    (
        "newer-schema",
        "数据由更新版本的程序写入。",
        KEPT,
        (
            "Use the newer version of custos.",
            "请使用更新版本的 custos。",
        ),
    ),
    (
        "vault-damaged",
        "保险库已损坏。",
        (
            "Evidence files are not touched; the agency's key opens them.",
            "证据文件未被改动，机关密钥仍可打开。",
        ),
        (
            "Stop using the terminal and hand it to device management.",
            "请停止使用并交设备管理部门处理。",
        ),
    ),
    (
        "station-unreachable",
        "无法连接服务器。",
        KEPT,
        (
            "Recording goes on without it; uploads resume when it answers.",
            "不影响记录；恢复连接后将继续上传。",
        ),
    ),
    (
        "station-identity",
        "对方不是凭证所指的服务器。",
        ("Nothing was sent to it.", "未向其发送任何内容。"),
        (
            "Check the address and the network, and report it.",
            "请核对地址与网络，并报告。",
        ),
    ),
    (
        "storage-full",
        "存储空间已满。",
        (
            "What was committed is kept and playable.",
            "已提交的内容完整可播放。",
        ),
        (
            "Upload evidence (sync), then clear what is confirmed (purge), or free space.",
            "请先上传证据（sync），再清除已确认的（purge），或释放空间。",
        ),
    ),
    (
        "storage-failed",
        "存储读写失败。",
        ("What was committed is kept.", "已提交的内容已保存。"),
        ("Check the disk and try again.", "请检查存储设备后重试。"),
    ),
    (
        "storage-sync-failed",
        "写入未能确认落盘。",
        (
            "What was committed before is kept.",
            "此前已提交的内容已保存。",
        ),
        (
            "Stop recording on this device and hand it to device management.",
            "请停止使用该设备记录并交设备管理部门。",
        ),
    ),
    (
        "no-duty",
        "尚未开始执勤。",
        NOTHING,
        (
            "Begin a duty: custos terminal … duty begin --case CASE",
            "请先开始执勤：custos terminal … duty begin --case 案号",
        ),
    ),
    (
        "duty-open",
        "已有未结束的执勤。",
        NOTHING,
        (
            "End it first: custos terminal … duty end",
            "请先结束：custos terminal … duty end",
        ),
    ),
    (
        "unknown-clip",
        "没有该证据。",
        NOTHING,
        (
            "List what there is: custos terminal … list",
            "请查看列表：custos terminal … list",
        ),
    ),
    (
        "unknown-category",
        "策略中没有该类别。",
        NOTHING,
        (
            "See the categories: custos terminal --dir D policy",
            "请查看类别：custos terminal --dir D policy",
        ),
    ),
    (
        "policy-forbids",
        "机关策略不允许。",
        NOTHING,
        (
            "See what is allowed: custos terminal --dir D policy",
            "请查看策略：custos terminal --dir D policy",
        ),
    ),
    (
        "asleep",
        "终端处于休眠。",
        KEPT,
        (
            "Wake it: unlock, or custos terminal … mode sleep off",
            "请先唤醒：解锁，或 custos terminal … mode sleep off",
        ),
    ),
    (
        "policy-version",
        "策略已有其他版本生效。",
        NOTHING,
        (
            "Show the policy in force and make the change again.",
            "请查看现行策略后重新修改。",
        ),
    ),
    (
        "setting-out-of-range",
        "设置超出允许范围。",
        NOTHING,
        (
            "Choose a value in the range that docs/FORMATS.md gives.",
            "请按 docs/FORMATS.md 所列范围取值。",
        ),
    ),
    (
        "unknown-setting",
        "策略中没有该设置。",
        NOTHING,
        (
            "See the names: custos admin … policy show",
            "请查看名称：custos admin … policy show",
        ),
    ),
    (
        "not-confirmed",
        "服务器尚未确认。",
        KEPT,
        (
            "Upload: custos terminal --dir D sync",
            "请上传：custos terminal --dir D sync",
        ),
    ),
    (
        "unsupported-media",
        "不支持的媒体格式。",
        NOTHING,
        (
            "Use an MP4 with H.264 or H.265 video and AAC-LC audio.",
            "请使用 H.264 或 H.265 视频与 AAC-LC 音频的 MP4。",
        ),
    ),
    (
        "evidence-damaged",
        "终端上的证据文件与封存时不一致。",
        (
            "The file stays as it is; other evidence is not affected.",
            "该文件保持原样，其他证据不受影响。",
        ),
        (
            "Hand the terminal to device management; do not delete anything.",
            "请将终端交设备管理部门处理，请勿删除任何内容。",
        ),
    ),
    (
        "broken-media",
        "媒体文件已损坏。",
        (
            "What could be read before the damage is kept if recording had begun.",
            "损坏处之前可读的内容已保存。",
        ),
        ("Use another file.", "请使用其他文件。"),
    ),
    (
        "media",
        "无法受理该媒体。",
        NOTHING,
        (
            "See the message: use another file, or less of it.",
            "请按提示更换文件或缩减内容。",
        ),
    ),
    (
        "bad-description",
        "说明无法受理。",
        NOTHING,
        (
            "Correct what the message names and say it again.",
            "请更正提示所指内容后重试。",
        ),
    ),
    (
        "port-taken",
        "端口已被占用。",
        NOTHING,
        (
            "Choose another port with --listen, or stop the other program.",
            "请用 --listen 更换端口，或停止占用程序。",
        ),
    ),
    (
        "station-in-use",
        "已有程序在使用该服务器文件夹。",
        NOTHING,
        ("Stop the other station first.", "请先停止另一服务器进程。"),
    ),
    (
        "directive-threshold",
        "签名人数不足。",
        NOTHING,
        (
            "A second person signs: custos admin … directive sign ID",
            "需第二人签名：custos admin … directive sign ID",
        ),
    ),
    (
        "file-not-found",
        "找不到文件。",
        NOTHING,
        ("Check the path.", "请核对路径。"),
    ),
    (
        "file-exists",
        "文件已存在。",
        NOTHING,
        (
            "Choose another name; nothing is overwritten.",
            "请换用其他名称；不会覆盖文件。",
        ),
    ),
    (
        "not-verified",
        "核验未通过。",
        ("The files were only read.", "仅读取了文件。"),
        (
            "Do not rely on this clip; get clip, receipt and trust set from their source again.",
            "请勿采信；请重新获取证据、回执与信任集。",
        ),
    ),
    (
        "unconfirmed",
        "仍有未确认的证据。",
        KEPT,
        (
            "Upload: custos terminal --dir D sync, then end the duty again.",
            "请上传：custos terminal --dir D sync，然后再次结束执勤。",
        ),
    ),
];

fn rows() -> impl Iterator<Item = &'static Row> {
    let tables = [
        TABLE,
        disclosure::TABLE,
        evidence::TABLE,
        grants::TABLE,
        laws::TABLE,
        lookup::TABLE,
        provisioning::TABLE,
        rules::TABLE,
    ];
    tables.into_iter().flatten()
}

/// The words for a code; for one without a row, what holds for its class.
pub(crate) fn of(code: &str, exit: Exit) -> Words {
    if let Some((_, message_zh, safe, next)) = rows().find(|row| row.0 == code) {
        let ((safe_en, safe_zh), (next_en, next_zh)) = (*safe, *next);
        return Words {
            message_zh: Some(message_zh),
            safe_en,
            safe_zh,
            next_en,
            next_zh,
        };
    }
    let (message_zh, safe, next) = match exit {
        Exit::Refused => (
            None,
            NOTHING,
            (
                "See the message; the request has to change.",
                "请按提示修改后重试。",
            ),
        ),
        Exit::Usage => (None, NOTHING, ("See --help.", "请查看 --help。")),
        Exit::Unreachable => (
            Some("无法连接服务器。"),
            KEPT,
            ("Try again when the network is back.", "网络恢复后重试。"),
        ),
        Exit::Storage => (
            Some("存储出错。"),
            KEPT,
            (
                "Check the disk; hand the device to device management.",
                "请检查存储；交设备管理部门处理。",
            ),
        ),
        Exit::Credential => (
            Some("凭据错误。"),
            NOTHING,
            ("Check the credential.", "请核对凭据。"),
        ),
    };
    let ((safe_en, safe_zh), (next_en, next_zh)) = (safe, next);
    Words {
        message_zh,
        safe_en,
        safe_zh,
        next_en,
        next_zh,
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn codes_stand_once() {
        let mut codes: Vec<_> = super::rows().map(|row| row.0).collect();
        codes.sort_unstable();
        let count = codes.len();
        codes.dedup();
        assert_eq!(codes.len(), count);
    }
}
