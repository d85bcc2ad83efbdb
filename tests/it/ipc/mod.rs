//! The contract between page and program: the real commands on Tauri's mock runtime, called as the page calls them.

mod bridge;
mod sources;

use crate::support::{Place, Running, until};
use bakeoff_core::diagnostic::Diagnostic;
use bakeoff_service::dto::*;
use bridge::Bridge;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use tauri::Manager;

/// Set in the process that has a home of its own.
const ROOT: &str = "BAKEOFF_IPC_ROOT";

/// The folder of this test; `None` after the test has run in a process of its own, whose home is there, because a
/// process can't safely change its own environment.
fn root(test: &str) -> Option<PathBuf> {
    if let Some(root) = std::env::var_os(ROOT) {
        return Some(root.into());
    }
    let place = Place::empty();
    let program = std::env::current_exe().expect("a test knows its program");
    let mut command = place.command_of(&program, &[test, "--exact", "--nocapture"]);
    command.env(ROOT, place.root());
    // This process is no Bakeoff that could be a node of the embedded cluster.
    command.env("BAKEOFF_PROGRAM", env!("CARGO_BIN_EXE_bakeoff"));
    let ran = Running::start(command).wait().expect_code(0);
    assert!(ran.out.contains("1 passed"), "the test ran there: {}", ran.out);
    None
}

#[test]
fn page_and_program_know_the_same_commands() {
    let page: BTreeSet<String> = sources::called_by_page().into_keys().collect();
    assert!(page.len() > 40, "the page's calls were found: {page:?}");
    assert_eq!(page, sources::registered());
}

#[test]
fn every_command_answers_the_page_with_its_type() {
    let Some(root) = root("ipc::every_command_answers_the_page_with_its_type") else { return };
    let bridge = Bridge::new();
    workspaces(&bridge, &root);
    files(&bridge);
    imports(&bridge, &root);
    let run = finished_run(&bridge);
    results(&bridge, run);
    comparisons(&bridge, run, &root);
    applying(&bridge, run);
    steering(&bridge);
    settings(&bridge);
    workflows(&bridge);
    subjects(&bridge);
    triage(&bridge);
    assert_eq!(bridge.called(), sources::called_by_page(), "each with the arguments that the page sends");
}

#[test]
fn errors_arrive_with_a_code_and_advice() {
    let Some(root) = root("ipc::errors_arrive_with_a_code_and_advice") else { return };
    let bridge = Bridge::new();
    let workspace = root.join("workspace");
    let error = bridge.fail("open_workspace", json!({"path": workspace.join("nowhere")}));
    assert_eq!(error.code, ErrorCode::NotFound, "{error:?}");
    bridge.call::<WorkspaceInfo>("open_workspace", json!({"path": null}));

    let missing = bridge.fail("read_file", json!({"path": "variants/nobody.yaml"}));
    assert_eq!(missing.code, ErrorCode::NotFound, "{missing:?}");
    let file: FileText = bridge.call("read_file", json!({"path": "variants/default.yaml"}));
    let arguments = json!({"path": file.path, "text": "a: 1\n", "expectedHash": "another"});
    let changed = bridge.fail("save_file", arguments);
    assert_eq!(changed.code, ErrorCode::Conflict, "{changed:?}");
    assert!(changed.hint.is_some(), "{changed:?}");
    let outside = bridge.fail("read_file", json!({"path": "../outside.yaml"}));
    assert_eq!(outside.code, ErrorCode::BadInput, "{outside:?}");
    let no_run = bridge.fail("run_detail", json!({"run": 99}));
    assert_eq!(no_run.code, ErrorCode::NotFound, "{no_run:?}");

    let words = bridge
        .turned_away("save_file", json!({"path": "a", "text": "", "expected_hash": 5, "expectedHash": 5}));
    assert!(words.contains("expectedHash"), "arguments are in camelCase: {words}");
    let words = bridge.turned_away("read_file", json!({}));
    assert!(words.contains("path"), "{words}");
    let words = bridge.turned_away("format_disk", json!({}));
    assert!(words.contains("format_disk"), "{words}");
}

fn workspaces(bridge: &Bridge, root: &Path) {
    let home = root.join("home");
    let data = bridge.app().path().app_data_dir().expect("there is a place for the window's memory");
    assert!(data.starts_with(&home), "nothing of the user's is touched: {}", data.display());
    let () = bridge.call("watch", json!({"channel": "__CHANNEL__:7"}));
    let starter: WorkspaceInfo = bridge.call("open_workspace", json!({"path": null}));
    assert!(starter.fresh && Path::new(&starter.path).starts_with(&home), "{starter:?}");
    let again: WorkspaceInfo = bridge.call("workspace", json!({}));
    assert_eq!(again, starter);
}

fn files(bridge: &Bridge) {
    assert_eq!(bridge.call::<Vec<VariantRow>>("list_variants", json!({})).len(), 9);
    assert_eq!(bridge.call::<Vec<CampaignRow>>("list_campaigns", json!({})).len(), 4);
    assert_eq!(bridge.call::<Vec<DatasetRow>>("list_datasets", json!({})).len(), 2);
    let preview: DatasetPreview = bridge.call("preview_dataset", json!({"path": "datasets/tickets.jsonl"}));
    assert_eq!(preview.rows, 150);

    let file: FileText = bridge.call("read_file", json!({"path": "variants/default.yaml"}));
    let check = json!({"kind": "variant", "name": "default", "text": "provider: nobody\n"});
    assert!(!bridge.call::<Vec<Diagnostic>>("check_text", check).is_empty());
    let values: Value = bridge.call("text_values", json!({"text": file.text}));
    assert_eq!(values["provider"], "builtin");
    let edits = json!([{"key": "name", "value": "slow"}, {"key": "pace_ms", "value": 25_000}]);
    let slow: String = bridge.call("edit_text", json!({"text": file.text, "edits": edits}));
    assert!(slow.contains("pace_ms: 25000") && slow.contains("name: slow"), "{slow}");

    let new = json!({"path": "variants/new.yaml", "text": slow, "expectedHash": null});
    let saved: FileText = bridge.call("save_file", new);
    let renamed: FileText = bridge.call("rename_file", json!({"path": saved.path, "name": "slow"}));
    assert_eq!(renamed.path, "variants/slow.yaml");
    let trashed: TrashedFile = bridge.call("delete_file", json!({"path": renamed.path}));
    let restored: FileText = bridge.call("restore_file", json!({"id": trashed.id}));
    assert_eq!(restored.text, renamed.text);
    let schema: Value = bridge.call("schema", json!({"kind": "variant"}));
    assert!(schema["properties"].is_object(), "{schema}");
}

fn imports(bridge: &Bridge, root: &Path) {
    let source = root.join("cheap.yaml");
    std::fs::write(&source, "provider: builtin\nmodel: lexical-1\nprompt: \"{{ input }}\"\n")
        .expect("a file can be written");
    let items: Vec<ImportItem> = bridge.call("preview_import", json!({"paths": [source]}));
    assert_eq!((items.len(), items[0].state), (1, ImportState::Ready));
    let decision = json!([{"source": items[0].source, "hash": items[0].hash, "choice": "import"}]);
    let written: Vec<String> = bridge.call("import_files", json!({"decisions": decision}));
    assert_eq!(written, ["variants/cheap.yaml"]);
}

/// Saves a campaign of ten tickets.
fn campaign(bridge: &Bridge, name: &str, variants: &str) {
    let text = format!(
        "dataset: datasets/tickets.jsonl\nsample: {{max_items: 10, seed: 1}}\nvariants: [{variants}]\n\
         baseline_variant: default\nparallel: 2\n\
         scorers: [{{type: json-field, field: label, equals: \"{{{{ expected }}}}\", metric: label}}]\n"
    );
    let plan: PlanPreview = bridge.call("preview_campaign", json!({"name": name, "text": text}));
    assert_eq!((plan.trials, plan.diagnostics), (20, Vec::new()));
    let path = format!("campaigns/{name}.yaml");
    bridge.call::<FileText>("save_file", json!({"path": path, "text": text, "expectedHash": null}));
}

fn state(bridge: &Bridge, run: u32) -> RunState {
    bridge.call::<RunDetail>("run_detail", json!({"run": run})).row.state
}

fn finished_run(bridge: &Bridge) -> u32 {
    campaign(bridge, "small", "default, definitions");
    let options = json!({"parallel": 20});
    let row: RunRow = bridge.call("launch", json!({"campaign": "small", "options": options}));
    until("the run has finished", || state(bridge, row.id) == RunState::Finished);
    row.id
}

fn results(bridge: &Bridge, run: u32) {
    let runs: Page<RunRow> = bridge.call("list_runs", json!({"campaign": "small", "offset": 0, "limit": 10}));
    assert_eq!((runs.total, runs.rows[0].id, runs.rows[0].done), (1, run, 20));
    let matrix: Matrix = bridge.call("run_matrix", json!({"run": run, "offset": 0, "limit": 100}));
    assert_eq!((matrix.cases, matrix.cells.len()), (10, 20));
    let filter = json!({"outcomes": [], "variant": 1, "case": null, "search": null});
    let list = json!({"run": run, "filter": filter, "offset": 0, "limit": 5});
    let trials: Page<TrialRow> = bridge.call("list_trials", list);
    assert_eq!((trials.total, trials.rows.len()), (10, 5));
    let key = trials.rows[0].key;
    let trial: TrialDetail = bridge.call("trial_detail", json!({"run": run, "key": key}));
    assert_eq!(trial.row, trials.rows[0]);
    bridge.call::<Vec<RunEvent>>("run_events", json!({"run": run, "after": 0}));
    let versions: Vec<VariantVersion> = bridge.call("variant_versions", json!({"name": "default"}));
    assert_eq!(versions.len(), 1);
}

fn comparisons(bridge: &Bridge, run: u32, root: &Path) {
    let request = json!({"runs": [run]});
    let view: CompareView = bridge.call("compare", json!({"request": request}));
    assert_eq!((view.runs, view.cases), (vec![run], 10));
    let charts = json!({
        "compare": request, "kinds": ["success", "latency_ecdf"], "theme": "light", "width": 600, "height": 300
    });
    let drawn: Vec<DrawnChart> = bridge.call("draw_charts", json!({"request": charts}));
    assert!(drawn.len() == 2 && drawn[0].svg.contains("<svg"));
    let picture = root.join("success.svg");
    let () = bridge.call("save_chart", json!({"request": charts, "kind": "success", "path": picture}));
    assert!(picture.is_file());

    let list = json!({"request": request, "onlyDifferent": false, "search": null, "offset": 0, "limit": 50});
    let cases: Page<CaseRow> = bridge.call("list_cases", list);
    assert_eq!(cases.total, 10);
    let case = cases.rows[0].case;
    let answers: CaseAnswers = bridge.call("case_answers", json!({"request": request, "case": case}));
    assert_eq!((answers.row, answers.answers.len()), (cases.rows[0].clone(), 2));
    let field = "metadata.team";
    bridge.call::<Breakdown>("breakdown", json!({"request": request, "field": field}));
    let table = root.join("run.csv");
    let () = bridge.call("export_run", json!({"run": run, "format": "csv", "path": table}));
    assert!(table.is_file());
}

fn applying(bridge: &Bridge, run: u32) {
    let read = || bridge.call::<FileText>("read_file", json!({"path": "variants/default.yaml"}));
    let before = read();
    let request = json!({"compare": {"runs": [run]}, "variant": "definitions", "target": null, "also": []});
    let preview: ApplyPreview = bridge.call("preview_apply", json!({"request": request}));
    assert_eq!(preview.target_hash, before.hash);
    let arguments = json!({"request": request, "targetHash": preview.target_hash});
    let applied: AppliedRow = bridge.call("apply", arguments);
    assert_ne!(read().hash, before.hash);
    let list: Vec<AppliedRow> = bridge.call("list_applied", json!({}));
    assert_eq!(list[0].id, applied.id);
    let undone: AppliedRow = bridge.call("undo_apply", json!({"id": applied.id}));
    assert!(undone.undone_at.is_some());
    assert_eq!(read().text, before.text);
}

/// A run with a variant that takes long: paused, continued, stopped, resumed, retried, deleted.
fn steering(bridge: &Bridge) {
    campaign(bridge, "long", "default, slow");
    let arguments = json!({"campaign": "long", "options": {}});
    let run = bridge.call::<RunRow>("launch", arguments).id;
    let here = json!({"run": run});
    let everything = json!({"outcomes": []});
    let list = json!({"run": run, "filter": everything, "offset": 0, "limit": 1});
    until("a trial is done", || bridge.call::<Page<TrialRow>>("list_trials", list.clone()).total > 0);
    let () = bridge.call("pause_run", here.clone());
    assert_eq!(state(bridge, run), RunState::Paused);
    let () = bridge.call("continue_run", here.clone());
    let stop = || {
        let () = bridge.call("stop_run", here.clone());
        until("the run has stopped", || state(bridge, run) == RunState::Stopped);
    };
    stop();
    bridge.call::<RunRow>("resume_run", json!({"run": run, "options": {}}));
    stop();
    bridge.call::<RunRow>("retry_failed", here.clone());
    stop();
    let () = bridge.call("delete_run", here.clone());
    assert_eq!(bridge.fail("run_detail", here).code, ErrorCode::NotFound);
}

fn workflows(bridge: &Bridge) {
    let path = "workflows/mlflow_example.yaml";
    let rows: Vec<WorkflowRow> = bridge.call("list_workflows", json!({}));
    assert!(rows.iter().any(|row| row.path == path && row.workflow.is_some()), "{rows:#?}");
    let launch = json!({"inputs": {}, "alone": false, "options": {}});
    let preview: PlanPreview = bridge.call("preview_workflow", json!({"workflow": path, "launch": launch}));
    assert_eq!(preview.trials, 300);
    let run: RunRow = bridge.call("launch_workflow", json!({"workflow": path, "launch": launch}));
    until("the workflow's run ends", || {
        bridge.call::<RunDetail>("run_detail", json!({"run": run.id})).row.state == RunState::Finished
    });
    let detail: RunDetail = bridge.call("run_detail", json!({"run": run.id}));
    assert_eq!((detail.workflow.as_deref(), detail.gates.len()), (Some(path), 6));
    let check: DeployCheck = bridge.call("deploy_check", json!({"workflow": path}));
    assert_eq!(check.block, None);
    let refused = bridge.fail("deploy_unblock", json!({"workflow": path, "reason": "none"}));
    assert_eq!(refused.code, ErrorCode::Conflict);
    let experiments: Vec<ExperimentRow> = bridge.call("list_experiments", json!({"mlflowUri": null}));
    assert!(experiments.iter().any(|row| row.name == run.campaign), "{experiments:?}");
    assert_eq!(bridge.call::<MlflowState>("mlflow_state", json!({})).waiting, 0);
    let refused = bridge.fail("open_url", json!({"url": "file:///etc/passwd"}));
    assert_eq!(refused.code, ErrorCode::BadInput, "only web addresses are opened");
}

fn subjects(bridge: &Bridge) {
    let rows: Vec<SubjectRow> = bridge.call("list_subjects", json!({}));
    let embedded = rows.iter().find(|row| row.name == "embedded").expect("the starter's subject");
    assert!(embedded.is_ready && embedded.campaigns == ["repairs"], "{embedded:#?}");
    assert!(embedded.faults.iter().all(|fault| fault.mechanism.is_some()), "{embedded:#?}");
    assert_eq!(bridge.call::<Option<TryOut>>("try_out", json!({})), None);
    let fault = json!({"kind": "node_pause", "target": {"node": "n2"}});
    let refused = bridge.fail("inject_try_out", json!({"fault": fault}));
    assert_eq!(refused.code, ErrorCode::Conflict, "nothing is being tried: {refused:?}");

    let started: TryOut = bridge.call("start_try_out", json!({"subject": "embedded"}));
    assert_eq!(started.state, TryState::Starting);
    let twice = bridge.fail("start_try_out", json!({"subject": "embedded"}));
    assert_eq!(twice.code, ErrorCode::Conflict, "one at a time: {twice:?}");
    let now = || bridge.call::<Option<TryOut>>("try_out", json!({})).expect("it is being tried");
    until("the cluster runs", || {
        assert_ne!(now().state, TryState::Failed, "{:?}", now().error);
        !now().samples.is_empty()
    });
    let refused = bridge.fail("inject_try_out", json!({"fault": {"kind": "packet_loss", "target": "any"}}));
    assert_eq!(refused.code, ErrorCode::BadInput, "{refused:?}");
    let broken: TryOut = bridge.call("inject_try_out", json!({"fault": fault}));
    assert_eq!(broken.fault.expect("a fault").node.as_deref(), Some("n2"));
    assert!(broken.seen.is_some_and(|seen| seen.contains("SIGSTOP")));
    let mended: TryOut = bridge.call("revert_try_out", json!({}));
    assert_eq!((mended.fault, mended.seen.as_deref()), (None, Some("n2 runs")));
    assert_eq!(bridge.call::<Option<TryOut>>("close_try_out", json!({})), None);

    assert_eq!(bridge.call::<Vec<FaultRow>>("list_faults", json!({})), []);
    let unknown = bridge.fail("revert_fault", json!({"id": 7}));
    assert_eq!(unknown.code, ErrorCode::NotFound, "{unknown:?}");
    assert_eq!(bridge.call::<SweepReport>("sweep", json!({})), SweepReport::default());
}

fn triage(bridge: &Bridge) {
    let variant = |name: &str| json!({"name": name, "provider": "builtin", "model": "lexical-1"});
    let request = json!({"request": {
        "topic": "operations", "window_start": "2026-11-16", "window_end": "2026-11-23", "max_items": 10,
        "variants": [variant("a"), variant("b")],
    }});
    assert!(!bridge.call::<TriageSwitch>("triage_switch", json!({})).enabled, "off by default");
    let refused = bridge.fail("create_triage", request.clone());
    assert_eq!(refused.code, ErrorCode::Disabled, "{refused:?}");
    let on = Settings { abtests: true, ..Settings::default() };
    bridge.call::<SettingsView>("save_settings", json!({"settings": on}));
    let topics: Vec<TopicRow> = bridge.call("list_topics", json!({}));
    assert!(topics.iter().any(|row| row.name == "operations" && row.topic.is_some()), "{topics:?}");
    let preview: TriagePreview = bridge.call("preview_triage", request.clone());
    assert_eq!((preview.trials, preview.spends_money), (20, false));
    for command in ["pause_queue", "emergency_stop"] {
        bridge.call::<QueueView>(command, json!({}));
    }
    let made: TriageRow = bridge.call("create_triage", request.clone());
    let dropped: TriageRow = bridge.call("create_triage", request.clone());
    let view: QueueView = bridge.call("drop_job", json!({"run": dropped.run}));
    assert_eq!((view.paused, view.emergency_stop, view.jobs.len(), view.cancelled), (true, true, 1, 1));
    let () = bridge.call("start_queue_worker", json!({}));
    bridge.call::<QueueView>("clear_emergency_stop", json!({}));
    bridge.call::<QueueView>("continue_queue", json!({}));
    let here = json!({"run": made.run});
    until("the test has ended", || {
        bridge.call::<TriageDetail>("triage_detail", here.clone()).row.state == JobState::Completed
    });
    let page = json!({"run": made.run, "order": "differences", "search": null, "offset": 0, "limit": 50});
    let items: Page<TriageItem> = bridge.call("triage_items", page);
    assert!(items.rows.iter().all(|item| item.results.iter().flatten().count() == 2), "{items:?}");
    let calls: Page<ProviderCall> =
        bridge.call("triage_calls", json!({"run": made.run, "offset": 0, "limit": 50}));
    assert_eq!((items.total, calls.total), (10, 20));
    let tests: Page<TriageRow> = bridge.call("list_triage", json!({"offset": 0, "limit": 50}));
    assert_eq!(tests.total, 2);
    assert_eq!(bridge.call::<TriageRow>("cancel_triage", here).state, JobState::Completed, "it has ended");
    bridge.call::<QueueView>("drain_queue", json!({}));
    assert_eq!(bridge.call::<QueueView>("queue_view", json!({})).jobs, []);

    let off: HttpState = bridge.call("http_state", json!({}));
    assert!(!off.running, "off unless somebody starts it");
    let on: HttpState = bridge.call("start_http", json!({"port": 0}));
    assert!(on.running && on.token.is_some() && on.address.is_some(), "{on:?}");
    assert!(!bridge.call::<HttpState>("stop_http", json!({})).running);
}

fn settings(bridge: &Bridge) {
    let view: SettingsView = bridge.call("settings", json!({}));
    assert_eq!(view.settings, Settings::default());
    let wanted = Settings { spend_cap_usd: Some(2.5), ..Settings::default() };
    let saved: SettingsView = bridge.call("save_settings", json!({"settings": wanted}));
    assert_eq!(saved.settings, wanted);
    let status: ProviderStatus =
        bridge.call("set_key", json!({"provider": "openai", "key": "sk-not-a-real-key-0123456789"}));
    assert_eq!(status.key, KeySource::Session, "there is no keychain here");
    let status: ProviderStatus = bridge.call("delete_key", json!({"provider": "openai"}));
    assert_eq!(status.key, KeySource::Missing);
    let answer: ProviderTest = bridge.call("test_provider", json!({"provider": "builtin"}));
    assert!(answer.ok, "{answer:?}");
    bridge.call::<Vec<LocalServer>>("local_servers", json!({}));
    assert!(!bridge.call::<Vec<Check>>("doctor", json!({})).is_empty());
}
