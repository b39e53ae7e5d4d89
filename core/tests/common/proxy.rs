//! A TCP proxy that is cut: now, or after so many bytes towards the station.

use std::{
    io::{Read as _, Write as _},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicI64, AtomicU64, Ordering},
    },
    thread,
};

#[derive(Debug)]
pub(crate) struct Proxy {
    pub(crate) port: u16,
    line: Arc<Line>,
}

#[derive(Debug, Default)]
struct Line {
    target: Mutex<Option<SocketAddr>>,
    /// Bytes that still pass towards the station before the connection breaks.
    budget: AtomicI64,
    passed: AtomicU64,
    open: Mutex<Vec<TcpStream>>,
}

impl Proxy {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let line = Arc::new(Line {
            budget: AtomicI64::new(i64::MAX),
            ..Line::default()
        });
        let accepting = line.clone();
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let line = accepting.clone();
                thread::spawn(move || line.serve(client));
            }
        });
        Self { port, line }
    }

    pub(crate) fn lead_to(&self, target: SocketAddr) {
        *self.line.target.lock().unwrap() = Some(target);
    }

    /// Breaks every connection; new ones break at once.
    pub(crate) fn cut(&self) {
        self.cut_after(0);
        for stream in self.line.open.lock().unwrap().drain(..) {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }

    pub(crate) fn cut_after(&self, bytes: i64) {
        self.line.budget.store(bytes, Ordering::SeqCst);
    }

    pub(crate) fn mend(&self) {
        self.cut_after(i64::MAX);
    }

    /// Bytes that went towards the station.
    pub(crate) fn passed(&self) -> u64 {
        self.line.passed.load(Ordering::SeqCst)
    }
}

impl Line {
    fn serve(self: Arc<Self>, client: TcpStream) {
        if self.budget.load(Ordering::SeqCst) <= 0 {
            return;
        }
        let target = *self.target.lock().unwrap();
        let Some(Ok(station)) = target.map(TcpStream::connect) else {
            return;
        };
        self.open
            .lock()
            .unwrap()
            .extend([client.try_clone().unwrap(), station.try_clone().unwrap()]);
        let (mut back_from, mut back_to) =
            (station.try_clone().unwrap(), client.try_clone().unwrap());
        thread::spawn(move || {
            let _ = std::io::copy(&mut back_from, &mut back_to);
            let _ = back_to.shutdown(Shutdown::Both);
        });
        self.forward(client, station);
    }

    fn forward(&self, mut client: TcpStream, mut station: TcpStream) {
        let mut buffer = [0; 16 * 1024];
        while let Ok(read @ 1..) = client.read(&mut buffer) {
            let left = self.budget.fetch_sub(read as i64, Ordering::SeqCst);
            let pass = read.min(usize::try_from(left).unwrap_or(0));
            self.passed.fetch_add(pass as u64, Ordering::SeqCst);
            if station.write_all(&buffer[..pass]).is_err() || pass < read {
                break;
            }
        }
        let _ = client.shutdown(Shutdown::Both);
        let _ = station.shutdown(Shutdown::Both);
    }
}
