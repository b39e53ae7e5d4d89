//! `custos admin audit`.

use custos_protocol::{api::AuditItem, verify::utc};

use super::AdminClient;
use crate::{failure::Failure, output::Output};

pub(super) async fn run(client: &AdminClient, output: &Output) -> Result<(), Failure> {
    let all: Vec<AuditItem> = client.get("/v1/admin/audit").await?;
    all.iter().try_for_each(|item| {
        let sentence = format!(
            "{}  {}  {}  {}  {}",
            utc(item.time_ms),
            item.person,
            item.action,
            item.subject,
            item.detail.as_deref().unwrap_or_default()
        );
        output.result(item, sentence.trim_end())
    })
}
