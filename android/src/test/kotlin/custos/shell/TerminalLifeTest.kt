package custos.shell

import custos.ffi.FastPath
import custos.testing.Media
import custos.testing.RealStation
import java.io.File
import org.junit.After
import org.junit.Assert.assertEquals
import org.junit.Assert.assertFalse
import org.junit.Assert.assertNotNull
import org.junit.Assert.assertTrue
import org.junit.Before
import org.junit.Rule
import org.junit.Test
import org.junit.rules.TemporaryFolder
import org.junit.runner.RunWith
import org.robolectric.annotation.Config
import org.robolectric.annotation.GraphicsMode

/** The screen through a terminal's life: real library, real vault, real station, real media. */
@RunWith(ShellRunner::class)
@GraphicsMode(GraphicsMode.Mode.NATIVE)
@Config(sdk = [34], qualifiers = "en-rUS-w360dp-h720dp-xhdpi")
class TerminalLifeTest {
    @get:Rule
    val temporary = TemporaryFolder()

    private lateinit var station: RealStation
    private val terminal get() = Screen.custos.terminal

    @Before
    fun start() {
        DeviceKeystore.install()
        station = RealStation.start(File(temporary.root, "station"))
    }

    @After
    fun stop() {
        terminal.close()
        station.close()
    }

    @Test
    fun `from the box to the evidence room`() {
        Screen.photographAll("1-unprovisioned") { screen, language ->
            screen.shows(language, "Not set up", "未注册")
            assertFalse(screen.isShown(R.id.sync))
        }

        terminal.provision(station.ticket("T-0042"), "Robolectric")
        terminal.enrol(OFFICER, PIN.encodeToByteArray())
        Screen.photographAll("2-ready") { screen, language ->
            screen.shows(language, "Ready", "就绪")
            assertEquals("T-0042", screen.text(R.id.terminal))
        }

        val pin = PIN.encodeToByteArray()
        terminal.unlock(OFFICER, pin)
        assertTrue("the PIN is erased", pin.all { it.toInt() == 0 })
        terminal.beginDuty("A-2026-0117")
        Screen.photographAll("3-on-duty") { screen, language ->
            screen.shows(language, "On duty", "执勤中")
            val who = if (language == "en") "Officer 041288\nCase A-2026-0117" else "警号 041288\n案件 A-2026-0117"
            assertEquals(who, screen.text(R.id.who))
        }

        recordAndStop()
        record()
        Screen.photographAll("4-recording") { screen, language ->
            screen.shows(language, "Recording", "正在录制")
            assertEquals("1", screen.tile(R.id.tile_waiting))
            assertTrue(screen.spoken(R.id.hero).contains("041288"))
        }
        terminal.stopRecording()

        Screen.open().use { screen ->
            assertEquals("2", screen.tile(R.id.tile_waiting))
            screen.tap(R.id.sync)
            assertEquals("All evidence is held by the station.", screen.text(R.id.message))
            assertEquals("2", screen.tile(R.id.tile_confirmed))
            assertEquals("Contact just now", screen.text(R.id.contact))
            screen.photograph("5-confirmed-en-day")
        }

        // Away from the station: said in words, and nothing is lost.
        recordAndStop()
        val url = station.url
        station.close()
        Screen.photographAll("6-station-away") { screen, language ->
            screen.tap(R.id.sync)
            val said = screen.text(R.id.message)!!
            assertTrue(said, said.startsWith(if (language == "en") "Station not reachable" else "无法连接管理站"))
            assertEquals("1", screen.tile(R.id.tile_waiting))
        }
        station = RealStation.start(File(temporary.root, "station"), url)

        terminal.endDuty()
        station.lock("T-0042")
        Screen.open().use { it.tap(R.id.sync) }
        Screen.photographAll("7-locked") { screen, language ->
            screen.shows(language, "Locked", "已锁定")
            assertEquals("nobody's name stays on a locked screen", null, screen.text(R.id.who))
            assertTrue("a locked terminal still has to reach its station", screen.isShown(R.id.sync))
        }

        // The Keystore lost its key, as after a tampered reset.
        terminal.close()
        DeviceKeystore.keys.clear()
        Screen.photographAll("8-fault") { screen, language ->
            screen.shows(language, "Fault", "故障")
            assertFalse(screen.isShown(R.id.sync))
        }
    }

    @Test
    fun `a wiped terminal says so`() {
        terminal.provision(station.ticket("T-0042"), "Robolectric")
        station.wipe("T-0042")
        Screen.open().use { it.tap(R.id.sync) }
        Screen.photographAll("9-wiped") { screen, language ->
            screen.shows(language, "Wiped", "已清除")
            assertFalse(screen.isShown(R.id.sync))
        }
        assertTrue("no key is left", DeviceKeystore.keys.isEmpty())
    }

    private fun Screen.shows(language: String, en: String, zh: String) {
        val phase = if (language == "en") en else zh
        assertEquals(phase, text(R.id.phase))
        assertTrue(spoken(R.id.hero).contains(phase))
        assertNotNull(text(R.id.detail))
    }

    private fun recordAndStop() {
        record()
        terminal.stopRecording()
    }

    private fun record() {
        val clip = Media.clip()
        val token = terminal.startRecording(rotationDegrees = 0)
        fun append(track: Int, flags: Int, sample: Media.Sample) {
            val (buffer, offset) = sample.direct()
            FastPath.append(token, track, sample.ptsUs, flags, buffer, offset, sample.bytes.size)
        }
        append(FastPath.VIDEO, FastPath.CODEC_CONFIG, Media.Sample(false, 0, false, clip.videoConfig))
        append(FastPath.AUDIO, FastPath.CODEC_CONFIG, Media.Sample(true, 0, false, clip.audioConfig))
        clip.samples.forEach {
            append(if (it.audio) FastPath.AUDIO else FastPath.VIDEO, if (it.key) FastPath.KEY_FRAME else 0, it)
        }
        terminal.commitRecording()
    }

    private companion object {
        const val OFFICER = "041288"
        const val PIN = "271828"
    }
}
