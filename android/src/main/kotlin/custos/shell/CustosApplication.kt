package custos.shell

import android.app.Application
import java.util.concurrent.ExecutorService
import java.util.concurrent.Executors

/** One vault a process, opened once, and one thread that waits for it. */
open class CustosApplication : Application() {
    val background: ExecutorService = Executors.newSingleThreadExecutor { Thread(it, "custos-background") }

    lateinit var port: TerminalPort
        protected set
}
