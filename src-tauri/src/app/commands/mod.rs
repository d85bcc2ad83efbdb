//! What the front end can ask for. Every command only translates; the service does the work.

mod compare;
mod files;
mod runs;
mod settings;
mod subjects;
mod workflows;
mod workspace;

use tauri::Runtime;
use tauri::ipc::Invoke;

/// All commands.
pub fn handler<R: Runtime>() -> impl Fn(Invoke<R>) -> bool + Send + Sync + 'static {
    tauri::generate_handler![
        workspace::open_workspace,
        workspace::workspace,
        workspace::watch,
        files::list_variants,
        files::list_campaigns,
        files::list_datasets,
        files::preview_dataset,
        files::read_file,
        files::check_text,
        files::edit_text,
        files::text_values,
        files::save_file,
        files::rename_file,
        files::delete_file,
        files::restore_file,
        files::schema,
        files::variant_versions,
        files::preview_import,
        files::import_files,
        runs::preview_campaign,
        runs::launch,
        runs::pause_run,
        runs::continue_run,
        runs::stop_run,
        runs::resume_run,
        runs::retry_failed,
        runs::delete_run,
        runs::list_runs,
        runs::run_detail,
        runs::run_matrix,
        runs::list_trials,
        runs::trial_detail,
        runs::run_events,
        compare::compare,
        compare::draw_charts,
        compare::save_chart,
        compare::list_cases,
        compare::case_answers,
        compare::breakdown,
        compare::preview_apply,
        compare::apply,
        compare::undo_apply,
        compare::list_applied,
        compare::export_run,
        settings::settings,
        settings::save_settings,
        settings::set_key,
        settings::delete_key,
        settings::test_provider,
        settings::local_servers,
        settings::doctor,
        workflows::list_workflows,
        workflows::preview_workflow,
        workflows::launch_workflow,
        workflows::deploy_check,
        workflows::deploy_unblock,
        workflows::list_experiments,
        workflows::mlflow_state,
        workflows::open_url,
        subjects::list_subjects,
        subjects::start_try_out,
        subjects::try_out,
        subjects::inject_try_out,
        subjects::revert_try_out,
        subjects::close_try_out,
        subjects::list_faults,
        subjects::revert_fault,
        subjects::sweep,
    ]
}
