package custos.shell

import android.app.Application
import android.content.pm.PackageManager
import custos.shell.library.KeystoreKeys
import custos.shell.library.LibraryTerminal
import java.io.File
import java.util.concurrent.ExecutorService
import java.util.concurrent.Executors

/** One vault a process, opened once, and one thread that waits for it. */
class CustosApplication : Application() {
    /** Where everything that blocks runs, one after the other. */
    val background: ExecutorService = Executors.newSingleThreadExecutor { Thread(it, "custos-background") }

    val port: TerminalPort get() = terminal

    internal val terminal: LibraryTerminal by lazy {
        val strongBox = packageManager.hasSystemFeature(PackageManager.FEATURE_STRONGBOX_KEYSTORE)
        LibraryTerminal(File(filesDir, "terminal"), KeystoreKeys(strongBox))
    }
}
