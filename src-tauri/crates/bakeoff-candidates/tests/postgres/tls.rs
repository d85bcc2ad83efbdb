//! Encrypted connections: only with a certificate that this system trusts.

use crate::cluster::Cluster;
use bakeoff_candidates::{Limits, ReadError, read_postgres};
use std::path::Path;
use std::process::Command;

/// The address for the part of the test that runs in a process of its own, which trusts another certificate.
const ADDRESS: &str = "BAKEOFF_TEST_TLS_ADDRESS";
/// Says over the connection that asks whether it is encrypted.
const IS_ENCRYPTED: &str = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()";

#[test]
fn with_sslmode_require_the_connection_is_encrypted() {
    if let Ok(address) = std::env::var(ADDRESS) {
        let rows =
            read_postgres(&address, IS_ENCRYPTED, Limits::default()).expect("the certificate is trusted");
        assert_eq!(rows[0]["ssl"], true);
        return;
    }
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (certificate, key) = (folder.path().join("server.crt"), folder.path().join("server.key"));
    make_certificate(&certificate, &key);
    let Some(cluster) = Cluster::with_tls_or_skip(&certificate, &key) else { return };
    let address = cluster.address("?sslmode=require");

    let untrusted = read_postgres(&address, IS_ENCRYPTED, Limits::default()).expect_err("nobody knows it");
    assert!(matches!(untrusted, ReadError::Connection { .. }), "{untrusted:?}");
    assert!(untrusted.hint().contains("a certificate that this system trusts"), "{untrusted}");
    let plain = cluster.read(IS_ENCRYPTED).expect("without sslmode=require it is not asked for");
    assert_eq!(plain[0]["ssl"], false);

    // Which certificates are trusted is read once in a process.
    let trusting = Command::new(std::env::current_exe().expect("this test"))
        .args(["--exact", "tls::with_sslmode_require_the_connection_is_encrypted", "--nocapture"])
        .env("SSL_CERT_FILE", &certificate)
        .env(ADDRESS, &address)
        .output()
        .expect("it can be started");
    let said =
        String::from_utf8_lossy(&trusting.stdout).into_owned() + &String::from_utf8_lossy(&trusting.stderr);
    assert!(trusting.status.success() && said.contains("1 passed"), "{said}");
}

/// A certificate for loopback that is its own authority.
fn make_certificate(certificate: &Path, key: &Path) {
    let made = Command::new("openssl")
        .args(["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=bakeoff-test"])
        .args(["-addext", "subjectAltName=IP:127.0.0.1", "-addext", "basicConstraints=critical,CA:FALSE"])
        .arg("-keyout")
        .arg(key)
        .arg("-out")
        .arg(certificate)
        .output()
        .expect("openssl is installed with PostgreSQL");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
}
