//! A TCP proxy that can be cut, as networks in the field are.

use std::{
    io::{Read, Write},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
};

/// Passes bytes on to `target` until it is told not to.
#[derive(Debug)]
pub struct Proxy {
    pub port: u16,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    target: SocketAddr,
    cut: AtomicBool,
    /// Bytes upwards after which the line is cut by itself; `u64::MAX`: never.
    cut_after: AtomicU64,
    passed: AtomicU64,
    open: Mutex<Vec<TcpStream>>,
}

impl Proxy {
    pub fn start(target: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("bound").port();
        let shared = Arc::new(Shared {
            target,
            cut: AtomicBool::new(false),
            cut_after: AtomicU64::new(u64::MAX),
            passed: AtomicU64::new(0),
            open: Mutex::new(Vec::new()),
        });
        let accepting = Arc::clone(&shared);
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                accepting.connect(client);
            }
        });
        Self { port, shared }
    }

    /// Cuts all connections; new ones are dropped at once.
    pub fn cut(&self) {
        self.shared.cut();
    }

    /// Cuts after so many more bytes towards the station.
    pub fn cut_after(&self, bytes: u64) {
        let passed = self.shared.passed.load(Ordering::SeqCst);
        self.shared
            .cut_after
            .store(passed + bytes, Ordering::SeqCst);
    }

    pub fn is_cut(&self) -> bool {
        self.shared.cut.load(Ordering::SeqCst)
    }

    /// The network is back.
    pub fn mend(&self) {
        self.shared.cut_after.store(u64::MAX, Ordering::SeqCst);
        self.shared.cut.store(false, Ordering::SeqCst);
    }
}

impl Shared {
    fn cut(&self) {
        self.cut.store(true, Ordering::SeqCst);
        for stream in self.open.lock().expect("no panic while held").drain(..) {
            // Already closed is as good.
            let _ = stream.shutdown(Shutdown::Both);
        }
    }

    fn connect(self: &Arc<Self>, client: TcpStream) {
        if self.cut.load(Ordering::SeqCst) {
            return;
        }
        let Ok(server) = TcpStream::connect(self.target) else {
            return;
        };
        let copies = || Some([client.try_clone().ok()?, server.try_clone().ok()?]);
        let Some([client_2, server_2]) = copies() else {
            return;
        };
        let mut open = self.open.lock().expect("no panic while held");
        open.extend(client.try_clone());
        open.extend(server.try_clone());
        drop(open);
        let up = Arc::clone(self);
        thread::spawn(move || up.pump(client, server, true));
        let down = Arc::clone(self);
        thread::spawn(move || down.pump(server_2, client_2, false));
    }

    fn pump(&self, mut from: TcpStream, mut to: TcpStream, upwards: bool) {
        let mut buffer = [0; 4096];
        while let Ok(length) = from.read(&mut buffer) {
            if length == 0 || self.cut.load(Ordering::SeqCst) {
                break;
            }
            if upwards {
                let passed = self.passed.fetch_add(length as u64, Ordering::SeqCst);
                if passed >= self.cut_after.load(Ordering::SeqCst) {
                    self.cut();
                    break;
                }
            }
            if to.write_all(&buffer[..length]).is_err() {
                break;
            }
        }
        // The other direction ends with this one.
        let _ = to.shutdown(Shutdown::Both);
        let _ = from.shutdown(Shutdown::Both);
    }
}
