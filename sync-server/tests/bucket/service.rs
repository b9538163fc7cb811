//! A real S3 service on this machine (s3s-fs: signed requests over HTTP, objects are files), which can go away and
//! come back, and a line to it that breaks after so many bytes.

use std::net::{TcpListener as StdListener, TcpStream as StdStream};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use rustls::ServerConfig;
use s3s::auth::SimpleAuth;
use s3s::service::S3ServiceBuilder;
use s3s_fs::FileSystem;
use shared::ids::PhotoHash;
use sync_server::photos::{BucketKeys, BucketPlace};
use tempfile::TempDir;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, copy_bidirectional, split};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{Builder as RuntimeBuilder, Runtime};
use tokio_rustls::TlsAcceptor;

use super::process::free_port;

pub(crate) const KEY: &str = "koumen-test";
pub(crate) const SECRET: &str = "a secret of the tests";
pub(crate) const BUCKET: &str = "koumen";

pub(crate) struct Service {
    folder: TempDir,
    pub(crate) port: u16,
    runtime: Option<Runtime>,
}

impl Service {
    /// Starts it with an empty bucket.
    pub(crate) fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join(BUCKET)).unwrap();
        let mut service = Self {
            folder,
            port: free_port(),
            runtime: None,
        };
        service.come_back();
        service
    }

    /// Ends it with everything it was doing.
    pub(crate) fn go_away(&mut self) {
        self.runtime.take().unwrap().shutdown_background();
        while StdStream::connect(("127.0.0.1", self.port)).is_ok() {
            thread::sleep(Duration::from_millis(1));
        }
    }

    /// Starts it again on what it held.
    pub(crate) fn come_back(&mut self) {
        let began = Instant::now();
        let listener = loop {
            match StdListener::bind(("127.0.0.1", self.port)) {
                Ok(listener) => break listener,
                Err(error) => assert!(began.elapsed() < Duration::from_secs(30), "{error}"),
            }
            thread::sleep(Duration::from_millis(1));
        };
        let mut service = S3ServiceBuilder::new(FileSystem::new(self.folder.path()).unwrap());
        service.set_auth(SimpleAuth::from_single(KEY, SECRET));
        let service = service.build();
        let runtime = serve_on(listener, move |stream| {
            let service = service.clone();
            async move {
                let http = Builder::new(TokioExecutor::new());
                // A client that goes away is no matter.
                let _ = http.serve_connection(TokioIo::new(stream), service).await;
            }
        });
        self.runtime = Some(runtime);
    }

    pub(crate) fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// The file of a photo in the bucket.
    pub(crate) fn file(&self, prefix: &str, hash: PhotoHash) -> PathBuf {
        let name = hash.to_string();
        let folder = self.folder.path().join(BUCKET).join(prefix);
        folder.join(&name[..2]).join(name)
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

pub(crate) fn place_at(port: u16, prefix: &str) -> BucketPlace {
    BucketPlace {
        endpoint: format!("http://127.0.0.1:{port}"),
        bucket: BUCKET.to_owned(),
        prefix: prefix.to_owned(),
        region: "us-east-1".to_owned(),
        plain_http: false,
        keys: BucketKeys {
            id: KEY.to_owned(),
            secret: SECRET.to_owned(),
        },
    }
}

/// A way to a service. What goes over it is counted, and it breaks where it is told to, for good.
pub(crate) struct Line {
    pub(crate) port: u16,
    left: Arc<[AtomicUsize; 2]>,
    altering: Arc<AtomicBool>,
    runtime: Option<Runtime>,
}

impl Line {
    pub(crate) fn to(target: u16) -> Self {
        let left = Arc::new([AtomicUsize::new(usize::MAX), AtomicUsize::new(usize::MAX)]);
        let altering = Arc::new(AtomicBool::new(false));
        let (counted, altered) = (Arc::clone(&left), Arc::clone(&altering));
        let (port, runtime) = listen(move |stream| {
            let (left, altering) = (Arc::clone(&counted), Arc::clone(&altered));
            async move {
                let Ok(service) = TcpStream::connect(("127.0.0.1", target)).await else {
                    return;
                };
                let ((from_client, to_client), (from_service, to_service)) = (split(stream), split(service));
                let whole = AtomicBool::new(false);
                // Whichever way ends first ends both.
                tokio::select! {
                    () = pass(from_client, to_service, &left[0], &altering) => {}
                    () = pass(from_service, to_client, &left[1], &whole) => {}
                }
            }
        });
        Self {
            port,
            left,
            altering,
            runtime: Some(runtime),
        }
    }

    /// From now on one bit of whatever is sent in one piece arrives otherwise, far behind the head of a request.
    pub(crate) fn alters(&self) {
        self.altering.store(true, Ordering::SeqCst);
    }

    /// From now on so many bytes reach the service, and so many come back.
    pub(crate) fn breaks_after(&self, up: usize, down: usize) {
        self.left[0].store(up, Ordering::SeqCst);
        self.left[1].store(down, Ordering::SeqCst);
    }

    pub(crate) fn mend(&self) {
        self.altering.store(false, Ordering::SeqCst);
        self.breaks_after(usize::MAX, usize::MAX);
    }

    /// How many bytes went up and down since it was mended.
    pub(crate) fn passed(&self) -> (usize, usize) {
        let passed = |way: usize| usize::MAX - self.left[way].load(Ordering::SeqCst);
        (passed(0), passed(1))
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

async fn pass(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    left: &AtomicUsize,
    altering: &AtomicBool,
) {
    let mut bytes = [0; 4096];
    loop {
        let Ok(read @ 1..) = from.read(&mut bytes).await else {
            return;
        };
        let mut allowed = 0;
        let take = |left: usize| {
            allowed = left.min(read);
            Some(left - allowed)
        };
        left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, take)
            .unwrap();
        if altering.load(Ordering::SeqCst)
            && let Some(bit) = bytes[..read].get_mut(3_000)
        {
            *bit ^= 1;
        }
        if to.write_all(&bytes[..allowed]).await.is_err() || allowed < read {
            // What was allowed arrives before the end does.
            let _ = to.shutdown().await;
            return;
        }
    }
}

/// The same service behind TLS.
pub(crate) struct Tls {
    pub(crate) port: u16,
    runtime: Option<Runtime>,
}

impl Tls {
    pub(crate) fn before(target: u16, config: Arc<ServerConfig>) -> Self {
        let acceptor = TlsAcceptor::from(config);
        let (port, runtime) = listen(move |stream| {
            let acceptor = acceptor.clone();
            async move {
                let Ok(mut stream) = acceptor.accept(stream).await else {
                    return;
                };
                let Ok(mut service) = TcpStream::connect(("127.0.0.1", target)).await else {
                    return;
                };
                let _ = copy_bidirectional(&mut stream, &mut service).await;
            }
        });
        Self {
            port,
            runtime: Some(runtime),
        }
    }
}

impl Drop for Tls {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// Serves every connection to a port of this machine, on a thread of its own.
fn listen<Served: Future<Output = ()> + Send + 'static>(
    serve: impl Fn(TcpStream) -> Served + Send + Sync + 'static,
) -> (u16, Runtime) {
    let listener = StdListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    (port, serve_on(listener, serve))
}

/// The same on a port that is taken already.
fn serve_on<Served: Future<Output = ()> + Send + 'static>(
    listener: StdListener,
    serve: impl Fn(TcpStream) -> Served + Send + Sync + 'static,
) -> Runtime {
    listener.set_nonblocking(true).unwrap();
    let runtime = a_runtime();
    let entered = runtime.enter();
    let listener = TcpListener::from_std(listener).unwrap();
    drop(entered);
    runtime.spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(serve(stream));
        }
    });
    runtime
}

fn a_runtime() -> Runtime {
    let mut builder = RuntimeBuilder::new_multi_thread();
    builder.worker_threads(1).enable_all().build().unwrap()
}
