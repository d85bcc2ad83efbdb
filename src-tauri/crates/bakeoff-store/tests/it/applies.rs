//! Applications of prompts.

use crate::store;
use crate::support::NOW;
use bakeoff_store::NewApply;

#[tokio::test]
async fn applications_are_kept_and_undone_once() {
    let (_folder, store) = store();
    let apply = NewApply {
        at: NOW,
        variant: "careful".into(),
        variant_hash: "a".repeat(64),
        metric: "success_rate".into(),
        evidence: "success rate 92.5 % [86.4 %, 96.0 %], n = 120".into(),
        runs: vec![3, 5],
        file: "variants/default.yaml".into(),
        key_path: None,
        backup: ".bakeoff/backups/default.yaml.1".into(),
        before_hash: "b".repeat(64),
        after_hash: "c".repeat(64),
        diff: "-old\n+new\n".into(),
    };
    assert_eq!(store.insert_apply(apply.clone()).await, Ok(1));
    assert_eq!(store.insert_apply(NewApply { at: NOW + 1, ..apply.clone() }).await, Ok(2));
    store.mark_undone(1, NOW + 2).await.expect("undone");
    assert!(store.mark_undone(1, NOW + 3).await.is_err(), "only once");
    assert!(store.mark_undone(9, NOW + 3).await.is_err(), "there is no such application");
    let applied = store.list_applied().expect("reads");
    assert_eq!(
        applied.iter().map(|a| (a.id, a.undone_at)).collect::<Vec<_>>(),
        [(2, None), (1, Some(NOW + 2))]
    );
    assert_eq!(store.applied(1).expect("reads").expect("it is there").apply, apply);
    assert_eq!(store.applied(9).expect("reads"), None);
}
