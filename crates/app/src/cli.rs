//! The command line, and nothing else.

use clap::{Args, Parser, Subcommand, ValueEnum};
use std::net::SocketAddr;
use std::path::PathBuf;

/// Orders and payments for merchants on WeChat Pay.
#[derive(Debug, Parser)]
#[command(name = "paydesk", version, about, long_about = None)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What `paydesk` can do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Everything on one machine, nothing to configure: database, sandbox, API, a demo shop.
    Dev(DevArgs),
    /// The incidents, live: plays stories of what goes wrong against real processes.
    Demo(DemoArgs),
    /// The service, configured by paydesk.toml and PAYDESK_* variables.
    Serve(ServeArgs),
    /// Apply the database migrations that are built in.
    Migrate(ConfigArgs),
    /// Make, list and revoke the API keys of operators and merchants' backends.
    Keys(KeysArgs),
    /// The trial balance: what all accounts hold, and whether it adds up. Exits 1 when it does not.
    Ledger(ConfigArgs),
    /// The WeChat Pay simulator alone, for any client in any language.
    Sandbox(SandboxArgs),
}

/// How `keys` runs.
#[derive(Debug, Args)]
pub struct KeysArgs {
    /// Where the configuration is.
    #[command(flatten)]
    pub config: ConfigArgs,
    /// What to do.
    #[command(subcommand)]
    pub command: KeysCommand,
}

/// What `keys` can do.
#[derive(Debug, Subcommand)]
pub enum KeysCommand {
    /// Make a key and print it, once: only its hash is kept.
    Create {
        /// What or whom it is for.
        #[arg(long)]
        name: String,
        /// What it may do; repeat it for several: service, viewer, operator, approver.
        #[arg(long = "role", value_name = "ROLE", required = true)]
        roles: Vec<RoleName>,
        /// The merchant backend that it belongs to; a service key needs one.
        #[arg(long, value_name = "ID")]
        client_id: Option<String>,
    },
    /// List every key: id, name, roles, since when, whether it was revoked.
    List,
    /// Revoke a key: it lets nobody in from now on.
    Revoke {
        /// Its id, as `list` shows it.
        id: String,
    },
}

/// What a key may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum RoleName {
    /// A merchant's backend.
    Service,
    /// May look.
    Viewer,
    /// May act.
    Operator,
    /// May approve what others propose.
    Approver,
}

/// Where the configuration is.
#[derive(Debug, Args)]
pub struct ConfigArgs {
    /// The configuration file. Every key can also be set as PAYDESK_SECTION__KEY.
    #[arg(long, default_value = "paydesk.toml", env = "PAYDESK_CONFIG")]
    pub config: PathBuf,
}

/// How `serve` runs.
#[derive(Debug, Args)]
pub struct ServeArgs {
    /// Where the configuration is.
    #[command(flatten)]
    pub config: ConfigArgs,
    /// Which part of the work this process does. Every deployment needs both parts.
    #[arg(long, value_enum, default_value_t = ServeRole::All)]
    pub role: ServeRole,
}

/// Which part of the work a process does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ServeRole {
    /// The API and the jobs.
    All,
    /// The API alone: requests and notifications.
    Api,
    /// The jobs alone: asking WeChat Pay, deadlines, closing.
    Worker,
}

/// How `dev` runs.
#[derive(Clone, Debug, Args)]
pub struct DevArgs {
    /// Play one purchase, print its timeline, and exit: 0, or 1 with the reason.
    #[arg(long)]
    pub once: bool,
    /// Where the API listens: 127.0.0.1:8080, or with --once a free port.
    #[arg(long, value_name = "ADDRESS", env = "PAYDESK_DEV_HTTP")]
    pub http: Option<SocketAddr>,
    /// Where the sandbox listens: 127.0.0.1:8081, or with --once a free port.
    #[arg(long, value_name = "ADDRESS", env = "PAYDESK_DEV_SANDBOX")]
    pub sandbox: Option<SocketAddr>,
    /// Where the database and the sandbox's keys are kept.
    #[arg(long, value_name = "DIRECTORY", default_value = ".paydesk", env = "PAYDESK_DEV_DATA")]
    pub data: PathBuf,
    /// Use this database instead of a private one.
    #[arg(long, value_name = "URL", env = "DATABASE_URL", hide_env_values = true)]
    pub database_url: Option<String>,
}

/// How `demo` runs.
#[derive(Clone, Debug, Args)]
pub struct DemoArgs {
    /// Play this story; may be given several times. Without it, all of them.
    #[arg(long, value_name = "NUMBER")]
    pub story: Vec<u8>,
    /// List the stories and exit.
    #[arg(long)]
    pub list: bool,
    /// When all ended right, leave everything running until Ctrl-C.
    #[arg(long)]
    pub keep: bool,
    /// Where the database, the sandbox's keys and the logs are kept. The database is made anew.
    #[arg(
        long,
        value_name = "DIRECTORY",
        default_value = ".paydesk/demo",
        env = "PAYDESK_DEMO_DATA"
    )]
    pub data: PathBuf,
}

/// How `sandbox` runs.
#[derive(Clone, Debug, Args)]
pub struct SandboxArgs {
    /// Where it listens.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8081")]
    pub listen: SocketAddr,
    /// Where its keys and certificates are kept.
    #[arg(long, value_name = "DIRECTORY", default_value = ".paydesk/sandbox")]
    pub directory: PathBuf,
    /// Trouble from the start: a fault script, see docs/sandbox.md.
    #[arg(long, value_name = "FILE")]
    pub faults: Option<PathBuf>,
}
