//! The command line: one file a verb, each a thin shell over one or two service methods. Data goes to standard
//! output, talk to standard error; `--json` prints the same types that the window gets.

mod abtest;
mod analyze;
mod apply;
mod compare;
mod deploy;
mod doctor;
mod duels;
mod evaluate;
mod experiments;
mod export;
mod faults;
mod import;
mod init;
mod list;
mod output;
mod plan;
mod run;
mod serve;
mod show;
mod show_fault;
mod subjects;
mod tickets;
mod validate;
mod variants;
pub mod viewer;
mod workflow;

use bakeoff_service::dto::{ErrorCode, ServiceError};
use bakeoff_service::{Service, ServiceOptions};
use clap::{CommandFactory, Parser, Subcommand};
use output::Output;
use std::path::PathBuf;
use std::process::ExitCode;

/// Everything worked.
const DONE: u8 = 0;
/// The run could not finish.
const FAILED: u8 = 1;
/// `--require better` could not tell.
const CANNOT_TELL: u8 = 2;
/// Bad input.
const BAD_INPUT: u8 = 3;
/// Stopped by the user.
const STOPPED: u8 = 130;

/// Which prompt should you ship? Bakeoff runs your variants side by side and tells, with honest intervals.
/// Without a verb it opens the window.
#[derive(Debug, Parser)]
#[command(name = "bakeoff", version, max_term_width = 100)]
pub struct Arguments {
    /// The workspace; else the nearest folder at or above this one that has .bakeoff/ or variants/.
    #[arg(short = 'C', long = "workspace", value_name = "DIR", global = true)]
    pub workspace: Option<PathBuf>,
    /// Print the result as JSON.
    #[arg(long, global = true)]
    pub json: bool,
    /// What to do.
    #[command(subcommand)]
    pub verb: Option<Verb>,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Make a workspace with the starter files (existing files are kept).
    Init(init::Arguments),
    /// Check files and report everything that is wrong with them.
    Validate(validate::Arguments),
    /// Show what running a campaign would do, cost and take. Spends nothing.
    Plan(plan::Arguments),
    /// Run a campaign. Ctrl-C stops cleanly; --resume goes on.
    Run(run::Arguments),
    /// Run a workflow's A/B test: every variant on every input, run_count times.
    AbTest(workflow::Arguments),
    /// Triage tests: the same candidates through several models. Off by default: ENABLE_ABTESTS=true or Settings.
    #[command(subcommand)]
    Abtest(abtest::Verb),
    /// List runs, newest first.
    List(list::Arguments),
    /// Show a run, or one of its trials.
    Show(show::Arguments),
    /// Say what the trials of a campaign or run say: outcomes, rates, times, commands, fault by fault.
    Analyze(analyze::Arguments),
    /// Compare the variants of one or several runs, or two fault campaigns.
    Compare(compare::Arguments),
    /// Compare the agents of a fault campaign with what heals by itself.
    CompareBaseline(duels::BaselineArguments),
    /// Put variants beside each other on one fault, over all campaigns.
    CompareVariants(duels::VariantsArguments),
    /// Rank the variants of a campaign by a metric.
    Evaluate(evaluate::Arguments),
    /// Write the best variant's prompt into a file, with backup and history.
    ApplyOptimized(apply::Arguments),
    /// Undo an application of a prompt: the file gets its exact old bytes back.
    Undo(apply::UndoArguments),
    /// Say whether a workflow may be deployed: exit code 1 while a gate blocks it.
    DeployCheck(deploy::CheckArguments),
    /// Lift the block of a workflow, with a reason that is kept.
    DeployUnblock(deploy::UnblockArguments),
    /// The same verbs as the workflow tools group them: evaluate, apply-optimized, ab-test.
    #[command(subcommand)]
    Optimization(Optimization),
    /// List the experiments that have runs, here or in an MLflow store.
    ListExperiments(experiments::ListArguments),
    /// Send to MLflow what waits for it.
    MlflowSync(experiments::SyncArguments),
    /// List the workflows of the workspace.
    ListWorkflows(workflow::ListArguments),
    /// List the variants of the workspace.
    ListVariants(variants::Arguments),
    /// Subjects: systems that fault campaigns break and agents repair.
    #[command(subcommand)]
    Subject(subjects::Verb),
    /// Faults in force, and what crashed programs left behind.
    #[command(subcommand)]
    Faults(subjects::FaultVerb),
    /// Tickets of fault trials.
    #[command(subcommand)]
    Tickets(tickets::Verb),
    /// What agents did in fault trials.
    #[command(subcommand)]
    Audit(tickets::AuditVerb),
    /// Take in what Operator ran: the campaigns of an eval.db. The file is not changed.
    Import(import::Arguments),
    /// Open the window on an eval.db of Operator, or on the workspace.
    Viewer(viewer::Arguments),
    /// Write a run's results for other programs.
    Export(export::Arguments),
    /// Serve the local HTTP API, on this machine only unless --bind says otherwise. Ctrl-C ends it.
    Serve(serve::Arguments),
    /// Say what works on this machine, what is missing, and how to mend it.
    Doctor(doctor::Arguments),
    /// Print shell completions.
    Completions {
        /// For which shell.
        shell: clap_complete::Shell,
    },
    /// A role of a process of the embedded cluster, started by this program itself.
    #[command(hide = true)]
    ClusterHost,
    /// A role of a process of the embedded cluster, started by its host.
    #[command(hide = true)]
    ClusterNode {
        /// What its host tells it.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// A role of a process that clears Docker when this program is gone, started by this program itself.
    #[command(hide = true)]
    DockerWarden {
        /// Whose things it clears.
        owner: String,
    },
}

/// Help and version are data; a wrong argument is bad input (clap's own code for it means "cannot tell" here).
pub fn usage(error: &clap::Error) -> ExitCode {
    // A closed pipe is no reason to fail.
    let _ = error.print();
    ExitCode::from(if error.use_stderr() { BAD_INPUT } else { DONE })
}

/// The verbs of `bakeoff optimization`.
#[derive(Debug, Subcommand)]
pub enum Optimization {
    /// Rank the variants of an experiment by a metric.
    Evaluate(evaluate::Arguments),
    /// Write the best variant's prompt into a file.
    ApplyOptimized(apply::Arguments),
    /// Run a workflow's A/B test.
    AbTest(workflow::Arguments),
}

/// Runs a verb and says how it went.
pub fn run(arguments: Arguments, verb: Verb) -> ExitCode {
    match &verb {
        Verb::ClusterHost => return bakeoff_cluster::host_main(),
        Verb::ClusterNode { arguments } => return bakeoff_cluster::node_main(arguments),
        Verb::DockerWarden { owner } => return bakeoff_service::warden_main(owner),
        _ => {}
    }
    let output = Output { json: arguments.json };
    match dispatch(&arguments, &verb, &output) {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            output.error(&error);
            ExitCode::from(exit_code(&error))
        }
    }
}

type CliResult = Result<u8, ServiceError>;

fn dispatch(arguments: &Arguments, verb: &Verb, output: &Output) -> CliResult {
    let open = || open(arguments);
    match verb {
        Verb::Init(given) => init::run(given, output),
        Verb::Validate(given) => validate::run(&open()?, given, output),
        Verb::Plan(given) => plan::run(&open()?, given, output),
        Verb::Run(given) => run::run(&open()?, given, output),
        Verb::AbTest(given) | Verb::Optimization(Optimization::AbTest(given)) => {
            workflow::ab_test(&open()?, given, output)
        }
        Verb::DeployCheck(given) => deploy::check(&open()?, given, output),
        Verb::DeployUnblock(given) => deploy::unblock(&open()?, given, output),
        Verb::ListExperiments(given) => experiments::list(&open()?, given, output),
        Verb::MlflowSync(given) => experiments::sync(&open()?, given, output),
        Verb::ListWorkflows(given) => workflow::list(&open()?, given, output),
        Verb::Abtest(verb) => abtest::run(&open()?, verb, output),
        Verb::List(given) => list::run(&open()?, given, output),
        Verb::Show(given) => show::run(&open()?, given, output),
        Verb::Analyze(given) => analyze::run(&open()?, given, output),
        Verb::CompareBaseline(given) => duels::baseline(&open()?, given, output),
        Verb::CompareVariants(given) => duels::variants(&open()?, given, output),
        Verb::Compare(given) => compare::run(&open()?, given, output),
        Verb::Evaluate(given) | Verb::Optimization(Optimization::Evaluate(given)) => {
            evaluate::run(&open()?, given, output)
        }
        Verb::ApplyOptimized(given) | Verb::Optimization(Optimization::ApplyOptimized(given)) => {
            apply::run(&open()?, given, output)
        }
        Verb::Undo(given) => apply::undo(&open()?, given, output),
        Verb::ListVariants(given) => variants::run(&open()?, given, output),
        Verb::Subject(verb) => subjects::run(&open()?, verb, output),
        Verb::Faults(verb) => subjects::faults(&open()?, verb, output),
        Verb::Tickets(verb) => tickets::run(&open()?, verb, output),
        Verb::Audit(verb) => tickets::audit(&open()?, verb, output),
        Verb::Import(given) => import::run(&open()?, given, output),
        Verb::Export(given) => export::run(&open()?, given, output),
        Verb::Serve(given) => serve::run(open()?, given, output),
        Verb::Doctor(given) => doctor::run(&open(), given, output),
        Verb::Completions { shell } => {
            clap_complete::generate(*shell, &mut Arguments::command(), "bakeoff", &mut std::io::stdout());
            Ok(DONE)
        }
        // `run` and `main` have done them.
        Verb::Viewer(_) | Verb::ClusterHost | Verb::ClusterNode { .. } | Verb::DockerWarden { .. } => {
            Ok(DONE)
        }
    }
}

fn open(arguments: &Arguments) -> Result<Service, ServiceError> {
    match &arguments.workspace {
        Some(path) => Service::open(path, ServiceOptions::default()),
        None => Service::discover(ServiceOptions::default()),
    }
}

/// The contract's exit code of an error.
fn exit_code(error: &ServiceError) -> u8 {
    match error.code {
        ErrorCode::BadInput | ErrorCode::NotFound | ErrorCode::Conflict => BAD_INPUT,
        ErrorCode::Disabled
        | ErrorCode::Unavailable
        | ErrorCode::Storage
        | ErrorCode::RunFailed
        | ErrorCode::Internal => FAILED,
    }
}

/// Reads `12` or `#12`.
fn run_number(text: &str) -> Result<u32, String> {
    text.trim_start_matches('#')
        .parse()
        .map_err(|_| format!("{text:?} is not a run's number; `bakeoff list` shows them"))
}
