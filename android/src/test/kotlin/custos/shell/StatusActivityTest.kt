package custos.shell

import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.Robolectric
import org.robolectric.RuntimeEnvironment
import org.robolectric.Shadows.shadowOf
import org.robolectric.annotation.Config
import org.robolectric.annotation.GraphicsMode
import android.os.Looper

class TrialApplication : CustosApplication() {
    init {
        port = object : TerminalPort {
            override fun look() = TerminalLook(
                trial.phase, null, "t-0042".takeIf { trial.open }, trial.officer, trial.case,
                EvidenceCounts(1, 2, 1, 1, 12, 0, 0), System.currentTimeMillis() - 190_000, 42, Room(12_300_000_000, 64_000_000_000),
            )
            override fun sync() = SyncResult.Done(2)
        }
    }
    class Trial(val phase: Phase, val open: Boolean, val officer: String?, val case: String?)
    companion object { var trial = Trial(Phase.RECORDING, true, "041288", "A-2026-0117") }
}

@RunWith(ShellRunner::class)
@GraphicsMode(GraphicsMode.Mode.NATIVE)
@Config(sdk = [34], application = TrialApplication::class, qualifiers = "w360dp-h720dp-xhdpi")
class StatusActivityTest {
    @Test
    fun pictures() {
        for (lang in listOf("en-rUS", "zh-rCN")) for (night in listOf("notnight", "night")) {
            RuntimeEnvironment.setQualifiers("+$lang-$night")
            for (phase in Phase.values()) {
                TrialApplication.trial = TrialApplication.Trial(phase, phase !in listOf(Phase.OPENING, Phase.UNPROVISIONED, Phase.FAULT),
                    if (phase in listOf(Phase.RECORDING, Phase.ON_DUTY)) "041288" else null, if (phase in listOf(Phase.RECORDING, Phase.ON_DUTY)) "A-2026-0117" else null)
                Robolectric.buildActivity(StatusActivity::class.java).setup().use { c ->
                    (c.get().application as CustosApplication).background.submit {}.get()
                    shadowOf(Looper.getMainLooper()).idle()
                    if (phase == Phase.ON_DUTY) {
                        c.get().findViewById<android.view.View>(R.id.sync).performClick()
                        (c.get().application as CustosApplication).background.submit {}.get()
                        shadowOf(Looper.getMainLooper()).idle()
                    }
                    photograph(c.get(), "$phase-$lang-$night")
                }
            }
        }
    }
}
