use super::*;
use crate::node::types::Change;
use openraft::{CommittedLeaderId, EntryPayload};

fn entry(index: u64) -> Entry {
    let change = Change::Put { key: format!("key-{index}"), value: "line one\nline \"two\"".to_owned() };
    Entry { log_id: LogId::new(CommittedLeaderId::new(3, 1), index), payload: EntryPayload::Normal(change) }
}

/// A log file with these entries.
fn file(purged: Option<u64>, entries: &[u64]) -> Vec<u8> {
    let purged = purged.map(|index| entry(index).log_id);
    let mut text = line(&Header { format: 1, purged }).expect("JSON");
    for index in entries {
        text.extend(line(&entry(*index)).expect("JSON"));
    }
    text
}

fn journal(dir: &Path) -> Journal {
    Journal::open(&dir.join("n1.log")).expect("writable")
}

#[test]
fn an_incomplete_last_line_is_dropped_wherever_it_was_torn() {
    let whole = file(None, &[0, 1]);
    let torn = file(None, &[0, 1, 2]);
    for length in whole.len()..torn.len() {
        let dir = tempfile::tempdir().expect("a folder");
        std::fs::write(dir.path().join(WAL), &torn[..length]).expect("writable");
        let recovered = recover(dir.path(), &journal(dir.path())).expect("it can be read");
        assert_eq!(recovered.entries(), 2, "torn after {length} bytes");
        assert_eq!(
            std::fs::read(dir.path().join(WAL)).expect("readable"),
            whole,
            "what follows is appended here"
        );
        let told = journal(dir.path()).tail(10).expect("readable");
        assert_eq!(told.iter().any(|line| line.contains("incomplete record")), length > whole.len());
    }
}

#[test]
fn a_new_or_torn_header_is_written() {
    for text in ["", "{\"format\":1,\"pur"] {
        let dir = tempfile::tempdir().expect("a folder");
        std::fs::write(dir.path().join(WAL), text).expect("writable");
        assert_eq!(recover(dir.path(), &journal(dir.path())).expect("it can be read").entries(), 0);
        assert_eq!(std::fs::read(dir.path().join(WAL)).expect("readable"), file(None, &[]));
    }
}

#[test]
fn damage_elsewhere_is_told_with_its_line() {
    let check = |text: &[u8], expected: &str| {
        let error = parse(text).expect_err("it is damaged").to_string();
        assert!(error.contains(expected), "{error}");
    };
    let mut broken = file(None, &[0, 1]);
    let at = broken.iter().position(|byte| *byte == b'\n').expect("a header") + 5;
    broken[at] = 0;
    check(&broken, "wal.jsonl line 2 is damaged");
    check(&file(None, &[0, 2]), "line 3 is damaged: entry 2 follows where 1 must");
    check(&file(Some(7), &[9]), "entry 9 follows where 8 must");
    check(b"{\"format\":1,\"purged\":null,\"more\":1}\n", "line 1");
    assert_eq!(parse(&file(Some(7), &[8, 9])).expect("it is whole").0.entries.len(), 2);
}

#[tokio::test]
async fn what_is_appended_shortened_and_purged_is_what_is_read_again() {
    let dir = tempfile::tempdir().expect("a folder");
    let logs = tempfile::tempdir().expect("a folder");
    let journal = Arc::new(journal(logs.path()));
    let open = || {
        let recovered = recover(dir.path(), &journal).expect("it can be read");
        let disk = Disk::open(dir.path(), 1 << 20).expect("writable");
        LogStore::new(recovered, disk, journal.clone())
    };
    let write = async |store: &LogStore, indexes: &[u64]| {
        let text: Vec<u8> = indexes.iter().flat_map(|index| line(&entry(*index)).expect("JSON")).collect();
        store.content().entries.extend(indexes.iter().map(|index| (*index, entry(*index))));
        store.disk.run(move |files| files.append(&text)).await.expect("there is space");
    };
    let mut store = open();
    write(&store, &[0, 1, 2, 3, 4]).await;
    store.truncate(entry(3).log_id).await.expect("there is space");
    write(&store, &[3]).await;
    store.purge(entry(1).log_id).await.expect("there is space");
    store.save_vote(&Vote::new(4, 2)).await.expect("there is space");
    write(&store, &[4]).await;

    let mut again = open();
    let state = again.get_log_state().await.expect("it is told");
    assert_eq!((state.last_purged_log_id, state.last_log_id), (Some(entry(1).log_id), Some(entry(4).log_id)));
    assert_eq!(again.try_get_log_entries(2..9).await.expect("they are read"), [entry(2), entry(3), entry(4)]);
    assert_eq!(again.read_vote().await.expect("it is read"), Some(Vote::new(4, 2)));
}

#[tokio::test]
async fn purging_on_a_full_disk_is_put_off_and_nothing_is_lost() {
    let dir = tempfile::tempdir().expect("a folder");
    let logs = tempfile::tempdir().expect("a folder");
    let journal = Arc::new(journal(logs.path()));
    std::fs::write(dir.path().join(WAL), file(None, &[0, 1, 2])).expect("writable");
    let recovered = recover(dir.path(), &journal).expect("it can be read");
    let disk = Disk::open(dir.path(), file(None, &[0, 1, 2]).len() as u64).expect("writable");
    let mut store = LogStore::new(recovered, disk, journal.clone());
    store.purge(entry(1).log_id).await.expect("the longer log is as good");
    assert_eq!(recover(dir.path(), &journal).expect("it can be read").entries(), 3);
    // A snapshot from the leader reaches further than the log: the next entry would not follow.
    assert!(store.purge(entry(9).log_id).await.is_err());
}
