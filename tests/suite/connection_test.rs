//! The way to Toggl: which certificates are trusted, and which proxy is taken.

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use crate::support::test_home::{TestHome, one_session};

/// Of `toggl.test`, 127.0.0.1 and 192.0.2.1, signed by itself, from 2000 to 2099.
const CERTIFICATE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/tls/certificate.pem");
const KEY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/tls/key.pem");

/// A server that treats each connection as `act` says, for as long as the test runs.
fn serve(act: impl Fn(TcpStream) -> io::Result<()> + Send + Sync + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let act = Arc::new(act);
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let act = Arc::clone(&act);
            // A client that goes is no fault of the server.
            thread::spawn(move || drop(act(stream)));
        }
    });
    address
}

/// The head of a request, or as much of it as there is.
fn head(stream: &mut impl Read) -> io::Result<String> {
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte)? == 1 {
        head.push(byte[0]);
    }
    Ok(String::from_utf8_lossy(&head).into_owned())
}

/// Toggl behind a certificate: it knows whose token it is.
fn toggl() -> SocketAddr {
    let certificate = CertificateDer::from_pem_file(CERTIFICATE).unwrap();
    let key = PrivateKeyDer::from_pem_file(KEY).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .unwrap();
    let config = Arc::new(config);
    serve(move |stream| {
        let mut stream = StreamOwned::new(ServerConnection::new(Arc::clone(&config)).unwrap(), stream);
        let body = match head(&mut stream)?.contains("/me/workspaces") {
            true => r#"[{"id": 4200, "name": "Mine"}]"#,
            false => r#"{"id": 1, "email": "a@toggl.test", "default_workspace_id": 4200}"#,
        };
        let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length:";
        write!(stream, "{head} {}\r\n\r\n{body}", body.len())?;
        stream.conn.send_close_notify();
        stream.flush()
    })
}

/// A proxy to this server, wherever it is asked to connect to: HTTP, SOCKS 4 and SOCKS 5. What it was asked, by its first
/// bytes.
fn proxy(to: SocketAddr) -> (SocketAddr, Arc<Mutex<Vec<String>>>) {
    let asked = Arc::new(Mutex::new(Vec::new()));
    let noted = Arc::clone(&asked);
    let address = serve(move |mut client| {
        let mut first = [0];
        client.read_exact(&mut first)?;
        let kind = match first[0] {
            5 => {
                let mut rest = [0; 64];
                let _hello = client.read(&mut rest)?;
                client.write_all(&[5, 0])?;
                let length = client.read(&mut rest)?;
                client.write_all(&[5, 0, 0, 1, 0, 0, 0, 0, 0, 0])?;
                format!("socks5 {}", if length > 3 && rest[3] == 3 { "name" } else { "address" })
            }
            4 => {
                let mut rest = [0; 64];
                let _hello = client.read(&mut rest)?;
                client.write_all(&[0, 90, 0, 0, 0, 0, 0, 0])?;
                "socks4".to_owned()
            }
            _ => {
                let line = head(&mut client)?;
                client.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n")?;
                format!("C{}", line.lines().next().unwrap_or_default()).replacen("CC", "C", 1)
            }
        };
        noted.lock().unwrap().push(kind);
        let server = TcpStream::connect(to)?;
        let (mut upward, mut downward) = ((client.try_clone()?, server.try_clone()?), (server, client));
        thread::spawn(move || io::copy(&mut upward.0, &mut upward.1));
        io::copy(&mut downward.0, &mut downward.1)?;
        downward.1.shutdown(Shutdown::Both)
    });
    (address, asked)
}

/// A home whose Toggl is at this address, over TLS.
fn home(address: &str) -> TestHome {
    let home = TestHome::with_binary().with("TOGGL_API_URL", &format!("https://{address}/api/v9"));
    home.save(&one_session("Write report", 0, 1));
    home
}

/// It was exit 4, "run again", for ever.
#[test]
fn a_certificate_that_is_not_trusted_is_a_fault_of_the_set_up() {
    let home = home(&toggl().to_string());
    for command in ["push", "verify", "doctor"] {
        let ran = home.run(&[command]).exits(2);
        let text = format!("{}{}", ran.out, ran.err).split_whitespace().collect::<Vec<_>>().join(" ");
        for part in ["a certificate that this machine does not trust", "UnknownIssuer", "SSL_CERT_FILE"] {
            assert!(text.contains(part), "{command}: no `{part}` in: {text}");
        }
    }
    assert_eq!(home.run(&["push", "--format", "json"]).exits(2).json()["stop_reason"]["kind"], "set_up");
}

#[test]
fn what_ssl_cert_file_names_is_trusted() {
    let home = home(&toggl().to_string()).with("SSL_CERT_FILE", CERTIFICATE);
    home.run(&["doctor"]).says("accepts the token");
}

#[test]
fn requests_go_through_the_proxy_that_is_named() {
    let (proxy, asked) = proxy(toggl());
    for (variables, target, kind) in [
        (vec![("HTTPS_PROXY", "http://{}")], "toggl.test", "CONNECT toggl.test:443 HTTP/1.1"),
        (vec![("https_proxy", "{}")], "toggl.test", "CONNECT toggl.test:443 HTTP/1.1"),
        (vec![("ALL_PROXY", "socks5h://{}")], "toggl.test", "socks5 name"),
        (vec![("all_proxy", "socks5://{}")], "192.0.2.1", "socks5 address"),
        (vec![("HTTPS_PROXY", "socks4://{}")], "192.0.2.1", "socks4"),
        // The one for https beats the one for all, which it did not.
        (
            vec![("ALL_PROXY", "socks5://127.0.0.1:1"), ("HTTPS_PROXY", "http://{}")],
            "toggl.test",
            "CONNECT toggl.test:443 HTTP/1.1",
        ),
    ] {
        let mut home = home(target).with("SSL_CERT_FILE", CERTIFICATE);
        for (name, value) in &variables {
            home = home.with(name, &value.replace("{}", &proxy.to_string()));
        }
        home.run(&["doctor"]).says("accepts the token");
        let asked = std::mem::take(&mut *asked.lock().unwrap());
        assert_eq!(asked, vec![kind; 2], "{variables:?}");
    }
}

/// To this machine itself, and to what `NO_PROXY` names.
#[test]
fn requests_go_around_a_proxy() {
    let home = home(&toggl().to_string()).with("SSL_CERT_FILE", CERTIFICATE).with("HTTPS_PROXY", "http://127.0.0.1:1");
    home.run(&["doctor"]).says("accepts the token");
    let home = self::home("toggl.invalid").with("HTTPS_PROXY", "http://127.0.0.1:1").with("NO_PROXY", "other,.invalid");
    home.run(&["push"]).exits(4).says("no address");
}

#[test]
fn a_proxy_that_refuses_is_a_fault_of_the_set_up_and_one_in_trouble_is_not() {
    for (status, exit, says) in [("407 Proxy Authentication Required", 2, "HTTPS_PROXY"), ("502 Bad Gateway", 4, "502")]
    {
        let times = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&times);
        let proxy = serve(move |mut client| {
            head(&mut client)?;
            counted.fetch_add(1, Ordering::SeqCst);
            write!(client, "HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n")
        });
        let home = home("toggl.test").with("HTTPS_PROXY", &format!("http://user:opensesame@{proxy}"));
        let ran = home.run(&["push"]).exits(exit).says(says);
        assert!(!ran.out.contains("opensesame") && !ran.err.contains("opensesame"), "{ran:?}");
        assert_eq!(times.load(Ordering::SeqCst), 1, "it is asked once");
    }
}

#[test]
fn a_proxy_of_a_kind_that_is_not_spoken_is_refused_by_name() {
    let home = home("toggl.test");
    for (value, says) in [("quic://127.0.0.1:1", "`quic://`"), ("http://", "no address")] {
        let ran = home.run_with(&[("HTTPS_PROXY", value)], &["push"]).exits(2);
        ran.complains("HTTPS_PROXY").complains(says);
    }
}
