//! Cases: stored once, found again.

use crate::store;
use crate::support::{case, new_run};

#[tokio::test]
async fn ten_runs_over_the_same_rows_store_them_once() {
    let (folder, store) = store();
    for _ in 0..10 {
        store.create_run(new_run("tickets", 500, 1)).await.expect("a run");
    }
    let file = rusqlite::Connection::open(folder.path().join("bakeoff.db")).expect("opens");
    let rows: u32 = file.query_row("SELECT count(*) FROM cases", [], |row| row.get(0)).expect("counts");
    assert_eq!(rows, 500);
    assert_eq!(store.case_contents(1).expect("reads"), store.case_contents(10).expect("reads"));
}

#[tokio::test]
async fn equal_rows_at_other_places_have_the_same_content_number() {
    let (_folder, store) = store();
    let first = store.create_run(new_run("tickets", 3, 1)).await.expect("a run");
    let mut other = new_run("tickets", 0, 1);
    other.cases = Box::new([2, 7, 0].into_iter().map(case));
    let second = store.create_run(other).await.expect("a run");
    let (a, b) = (store.case_contents(first).expect("reads"), store.case_contents(second).expect("reads"));
    assert_eq!((a[2], a[0]), (b[0], b[2]));
    assert!(!a.contains(&b[1]), "the new row has a number of its own");
}

#[tokio::test]
async fn cases_are_read_back_as_they_were() {
    let (_folder, store) = store();
    let run = store.create_run(new_run("tickets", 12, 1)).await.expect("a run");
    let loaded = store.load_cases(run).expect("reads");
    assert_eq!(loaded.len(), 12);
    for (index, loaded) in (0..).zip(&loaded) {
        let expected = case(index).case;
        assert_eq!((&*loaded.id, loaded.json.get()), (&*expected.id, expected.json.get()));
    }
    let one = store.case(run, 11).expect("reads").expect("it is there");
    assert_eq!((one.head.case_id.as_str(), one.head.expected.as_deref()), ("case-11", Some("storage")));
    assert_eq!(store.case(run, 12).expect("reads"), None);
}

#[tokio::test]
async fn cases_are_found_by_id_and_preview() {
    let (_folder, store) = store();
    let run = store.create_run(new_run("tickets", 30, 1)).await.expect("a run");
    let find = |search, offset, limit| {
        let (heads, total) = store.find_cases(run, search, offset, limit).expect("reads");
        (heads.iter().map(|head| head.index).collect::<Vec<_>>(), total)
    };
    assert_eq!(find(None, 28, 5), (vec![28, 29], 30));
    assert_eq!(find(Some("CASE-2"), 0, 3), (vec![2, 20, 21], 11));
    assert_eq!(find(Some("at 7 %"), 0, 3), (vec![7], 1), "a percent sign is only a percent sign");
    assert_eq!(find(Some("nothing"), 0, 3), (vec![], 0));
}
