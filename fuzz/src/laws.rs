//! A small law pack in a temporary folder.

use std::{fs, path::PathBuf};

use custos_core::lookup::law::{self, PackSpec};
use custos_protocol::{key::SigningKey, note::Signer};

/// Two laws of which one has two texts, chapters, sub-numbers, letters and long articles.
const LAWS: [(&str, &str); 3] = [
    (
        "a.md",
        "---\ntitle: \"中华人民共和国治安管理处罚法\"\nversion: \"2025-06-27\"\nlevel: \"法律\"\n---\n#### 第一章 总则\n第一条 为了维护社会治安秩序，制定本法。\n#### 第二章 处罚\n##### 第一节 扰乱公共秩序的行为\n第二十三条 扰乱公共场所秩序的，处警告或者五百元以下罚款。\n情节较重的，处五日以上十日以下拘留。\n第二十三条之一 噪声干扰他人正常生活的，处罚款。\n第二十四条 本法自2026年1月1日起施行。\n",
    ),
    (
        "b.md",
        "---\ntitle: \"中华人民共和国治安管理处罚法\"\nversion: \"2012-10-26\"\nlevel: \"法律\"\n---\n第一条 旧法。\n第二十三条 扰乱公共秩序的，处警告。\n",
    ),
    (
        "c.md",
        "# 道路交通安全法实施条例\n第一条 饮酒后驾驶机动车的，应当检验血液DNA 20mg/100ml。\n第二条 盗窃、诈骗\n",
    ),
];

/// A folder that goes with this, and the pack in it.
#[derive(Debug)]
pub struct Laws {
    folder: PathBuf,
    pub pack: PathBuf,
}

impl Laws {
    /// # Panics
    /// Where the machine does not let it: a full disk.
    pub fn new() -> Self {
        let folder = std::env::temp_dir().join(format!("custos-fuzz-laws-{}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        let laws = folder.join("laws");
        fs::create_dir_all(&laws).expect("a folder");
        for (name, text) in LAWS {
            fs::write(laws.join(name), text).expect("a file");
        }
        let pack = folder.join("laws.pack");
        let signer = Signer::new("a.example/editor", SigningKey::from_seed(&[7; 32]));
        let spec = PackSpec {
            pack: "laws",
            version: 1,
            time_ms: 0,
            signer: &signer.expect("a name"),
        };
        law::build(&laws, &pack, &spec).expect("a pack");
        Self { folder, pack }
    }

    /// A file beside it.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }
}

impl Drop for Laws {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}
