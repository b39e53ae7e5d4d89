//! `custos station run`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use custos_protocol::lookup::query::Registry;
use custos_station::{ImportFailure, Station, StationConfig, import_registry_file, import_watched};
use serde_json::json;
use tokio::signal::unix::{SignalKind, signal};

use crate::{
    failure::{Exit, Failure},
    output::Output,
};

#[derive(Debug, Subcommand)]
pub(crate) enum StationCommand {
    /// Serve, creating what is missing; SIGTERM or Ctrl-C ends it cleanly
    #[command(
        after_help = "Examples:\n  custos station run --dir ./station\n  custos station run --dir ./station --listen 0.0.0.0:8443 --json"
    )]
    Run(StationRunArgs),
    /// Fill the station's own registries from CSV or SQLite, whether it serves or not
    #[command(
        after_help = "Examples:\n  custos station import --dir ./station --registry vehicle cars.csv\n  custos station import --dir ./station --registry person people.db\n  custos station import --dir ./station --watched lists.csv\n\nA registry's first line: the key, then name:kind (number, name, phone, address, plate, other). An SQLite database has a table of\nthe registry's name, or one table alone, with columns named like that.\nLists: registry,key,list,officer. An import replaces what was there, or changes nothing."
    )]
    Import(StationImportArgs),
}

#[derive(Debug, Args)]
pub(crate) struct StationImportArgs {
    /// The station's folder
    #[arg(long, value_name = "DIR")]
    dir: PathBuf,
    /// Which registry the file fills
    #[arg(
        long,
        value_name = "person|vehicle|case|device",
        required_unless_present = "watched"
    )]
    registry: Option<Registry>,
    /// The file lists those that are asked about out of curiosity
    #[arg(long, conflicts_with = "registry")]
    watched: bool,
    /// CSV, UTF-8; for a registry an SQLite database as well
    file: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct StationRunArgs {
    /// The station's folder: keys, database, objects
    #[arg(long, value_name = "DIR")]
    pub(crate) dir: PathBuf,
    /// Address and port; port 0 takes a free one
    #[arg(long, default_value = "127.0.0.1:0", value_name = "ADDR")]
    pub(crate) listen: std::net::SocketAddr,
    /// Database URL; the embedded SQLite file is the only kind so far
    #[arg(long, value_name = "URL")]
    pub(crate) database: Option<String>,
    /// Object store URL; the station's own folder is the only kind so far
    #[arg(long, value_name = "URL")]
    pub(crate) objects: Option<String>,
    /// Name of the agency, on the first run
    #[arg(long, default_value = "custos.local", value_name = "NAME")]
    pub(crate) agency: String,
    /// URL that terminals are told to use, where it differs from the address
    #[arg(long, value_name = "URL")]
    pub(crate) public_url: Option<String>,
    /// Serve without TLS; loopback addresses only, for tests
    #[arg(long)]
    pub(crate) plain_http: bool,
}

/// Serves until SIGTERM or Ctrl-C.
///
/// # Errors
/// A [`Failure`] where the station cannot start.
pub(crate) fn run(command: &StationCommand, output: &Output) -> Result<(), Failure> {
    let args = match command {
        StationCommand::Run(args) => args,
        StationCommand::Import(args) => return import(args, output),
    };
    check_backends(args)?;
    let mut config = StationConfig::new(&args.dir);
    config.listen = args.listen;
    config.agency.clone_from(&args.agency);
    config.plain_http = args.plain_http;
    config.public_url.clone_from(&args.public_url);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build();
    runtime
        .map_err(|_| Failure::internal())?
        .block_on(serve(config, output))
}

async fn serve(config: StationConfig, output: &Output) -> Result<(), Failure> {
    // Before the first line goes out: whoever reads it may send the signal at once.
    let mut terminate = signal(SignalKind::terminate()).map_err(|_| Failure::internal())?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(|_| Failure::internal())?;
    let station = Station::start(config).await?;
    let admin_key = station.admin_key_path.display().to_string();
    let line = json!({
        "event": "listening",
        "url": station.url,
        "pin": station.pin,
        "admin_key": admin_key,
    });
    let sentence = format!(
        "{} {}\n{} {admin_key}",
        output.pick("Listening on", "正在监听"),
        station.url,
        output.pick("First person's key:", "首位人员的密钥：")
    );
    output.result(&line, &sentence)?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    station.shutdown().await;
    output.result(
        &json!({ "event": "stopped" }),
        output.pick("Stopped.", "已停止。"),
    )
}

fn import(args: &StationImportArgs, output: &Output) -> Result<(), Failure> {
    let unreadable = |error| Failure::file(&error, "the file");
    let imported = crate::block_on(async {
        let imported = match args.registry {
            Some(registry) => import_registry_file(&args.dir, registry, &args.file)
                .await
                .map_err(unreadable)?,
            None => {
                let csv = std::fs::read(&args.file).map_err(unreadable)?;
                import_watched(&args.dir, &csv).await
            }
        };
        imported.map_err(|failure| match failure {
            ImportFailure::Storage => {
                Failure::new(Exit::Storage, "storage-failed", failure.to_string())
            }
            ImportFailure::NoStation => {
                Failure::new(Exit::Refused, "no-station", failure.to_string())
            }
            ImportFailure::File(ref why) => {
                Failure::new(Exit::Refused, "bad-import", failure.to_string())
                    .in_chinese(format!("导入的文件有误：{why}"))
            }
        })
    })?;
    let line = json!({ "event": "imported", "records": imported });
    output.result(
        &line,
        &format!("{} {imported}", output.pick("Imported:", "已导入：")),
    )
}

/// The embedded back ends are the only ones so far: another is refused, not ignored.
fn check_backends(args: &StationRunArgs) -> Result<(), Failure> {
    let refuse = |what: &str| Err(Failure::usage("unsupported-backend", what.to_owned()));
    match (&args.database, &args.objects) {
        (Some(url), _) if !url.starts_with("sqlite:") => {
            refuse("this build stores its registers in SQLite only")
        }
        (Some(_), _) => refuse("the SQLite file is always DIR/station.db; leave --database out"),
        (_, Some(_)) => refuse("this build stores objects in DIR/objects only"),
        (None, None) => Ok(()),
    }
}
