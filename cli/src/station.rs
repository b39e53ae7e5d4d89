//! `custos station run`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use custos_station::{Station, StationConfig};
use serde_json::json;
use tokio::signal::unix::{SignalKind, signal};

use crate::{failure::Failure, output::Output};

#[derive(Debug, Subcommand)]
pub(crate) enum StationCommand {
    /// Serve, creating what is missing; SIGTERM or Ctrl-C ends it cleanly
    #[command(
        after_help = "Examples:\n  custos station run --dir ./station\n  custos station run --dir ./station --listen 0.0.0.0:8443 --json"
    )]
    Run(StationRunArgs),
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
    let StationCommand::Run(args) = command;
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
