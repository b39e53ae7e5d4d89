package custos.shell

import android.app.Activity
import android.os.Bundle
import android.os.Handler
import android.os.Looper
import android.view.WindowManager

/** The terminal's state, at arm's length. */
class StatusActivity : Activity() {
    private val custos get() = application as CustosApplication
    private val main = Handler(Looper.getMainLooper())
    private lateinit var screen: StatusScreen
    private var syncing = false

    override fun onCreate(saved: Bundle?) {
        super.onCreate(saved)
        // Officer and case number stay out of the list of recent apps and out of screen recordings.
        window.setFlags(WindowManager.LayoutParams.FLAG_SECURE, WindowManager.LayoutParams.FLAG_SECURE)
        setContentView(R.layout.status)
        screen = StatusScreen(this, ::sync)
    }

    override fun onResume() {
        super.onResume()
        look()
    }

    override fun onPause() {
        main.removeCallbacksAndMessages(null)
        super.onPause()
    }

    private fun look() {
        inBackground({ custos.port.look() }) { look ->
            screen.show(look, System.currentTimeMillis())
            main.postDelayed(::look, REFRESH_MS)
        }
    }

    private fun sync() {
        if (syncing) return
        syncing = true
        screen.showSyncing(true)
        screen.say(null)
        inBackground({ custos.port.sync() to custos.port.look() }) { (result, look) ->
            syncing = false
            screen.showSyncing(false)
            screen.say(result)
            screen.show(look, System.currentTimeMillis())
        }
    }

    /** [work] off the main thread, [then] on it, unless the activity is gone. */
    private fun <T> inBackground(work: () -> T, then: (T) -> Unit) {
        custos.background.execute {
            val result = work()
            runOnUiThread { if (!isDestroyed) then(result) }
        }
    }

    private companion object {
        const val REFRESH_MS = 5_000L
    }
}
