package custos.shell

import custos.ffi.ApiException
import custos.ffi.FastPath
import custos.testing.Media
import custos.testing.RealStation
import java.io.ByteArrayOutputStream
import java.io.File
import java.io.IOException
import java.nio.ByteBuffer
import org.junit.After
import org.junit.Assert.assertArrayEquals
import org.junit.Assert.assertEquals
import org.junit.Assert.assertThrows
import org.junit.Assert.assertTrue
import org.junit.Before
import org.junit.Rule
import org.junit.Test
import org.junit.rules.TemporaryFolder
import org.junit.runner.RunWith
import org.robolectric.annotation.Config

/** What a player is handed, over a real vault: reads as `MediaDataSource` defines them, and their end. */
@RunWith(ShellRunner::class)
@Config(sdk = [34])
class EvidenceSourceTest {
    @get:Rule
    val temporary = TemporaryFolder()

    private lateinit var station: RealStation
    private val terminal get() = Screen.custos.terminal

    @Before
    fun record() {
        DeviceKeystore.install()
        station = RealStation.start(File(temporary.root, "station"))
        terminal.provision(station.ticket("T-0042"), "Robolectric")
        terminal.enrol(OFFICER, PIN.encodeToByteArray())
        terminal.unlock(OFFICER, PIN.encodeToByteArray())
        terminal.beginDuty("A-2026-0117")
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
        terminal.stopRecording()
    }

    @After
    fun stop() {
        terminal.close()
        station.close()
    }

    @Test
    fun `a player reads any part of a clip`() {
        val (clip, media) = terminal.evidence().single()
        val whole = terminal.watch(clip).use { source ->
            assertEquals("video/mp4", media)
            assertEquals(media, source.media)
            val bytes = ByteArray(source.size.toInt())
            assertEquals(bytes.size, source.readAt(0, bytes, 0, bytes.size))
            // An index for the pictures and one for the sound.
            assertEquals(listOf("ftyp", "moov", "sidx", "sidx", "moof", "mdat"), boxes(bytes).take(6))

            // As the contract of readAt has it: at an offset, fewer at the end, -1 behind it, 0 for none.
            val part = ByteArray(100) { 0x55 }
            assertEquals(50, source.readAt(1_000, part, 25, 50))
            assertArrayEquals(bytes.copyOfRange(1_000, 1_050), part.copyOfRange(25, 75))
            assertTrue((part.take(25) + part.takeLast(25)).all { it.toInt() == 0x55 })
            assertEquals(10, source.readAt(source.size - 10, part, 0, 100))
            assertEquals(-1, source.readAt(source.size, part, 0, 100))
            assertEquals(-1, source.readAt(Long.MAX_VALUE, part, 0, 100))
            assertEquals(0, source.readAt(0, part, 0, 0))
            assertThrows(IOException::class.java) { source.readAt(-1, part, 0, 1) }
            assertThrows(IOException::class.java) { source.readAt(0, part, 50, 51) }
            assertArrayEquals(bytes, inPieces(source.size) { at, piece -> source.readAt(at, piece, 0, piece.size) })
            bytes
        }

        terminal.watch(clip, fromUs = 2_500_000, toUs = 3_000_000).use { source ->
            assertTrue("less than all of it: ${source.size}", source.size < whole.size * 3 / 4)
            assertTrue("${source.beginsAtUs}", source.beginsAtUs in 1_000_000..2_500_000)
        }
        assertThrows(ApiException.EmptyRange::class.java) { terminal.watch(clip, fromUs = 60_000_000) }
        assertThrows(ApiException.EmptyRange::class.java) { terminal.watch(clip, fromUs = 5, toUs = 5) }
        assertThrows(ApiException.UnknownClip::class.java) { terminal.watch("clip-none") }
    }

    @Test
    fun `what was opened ends with a close, a lock and the officer`() {
        val clip = terminal.evidence().single().first
        val byte = ByteArray(1)
        val closed = terminal.watch(clip)
        closed.close()
        assertThrows(IOException::class.java) { closed.readAt(0, byte, 0, 1) }

        val left = terminal.watch(clip)
        assertEquals(1, left.readAt(0, byte, 0, 1))
        terminal.unlock(OFFICER, PIN.encodeToByteArray())
        assertThrows(IOException::class.java) { left.readAt(0, byte, 0, 1) }

        val locked = terminal.watch(clip)
        assertEquals(1, locked.readAt(0, byte, 0, 1))
        station.lock("T-0042")
        terminal.sync()
        val refused = assertThrows(IOException::class.java) { locked.readAt(0, byte, 0, 1) }
        assertEquals("locked", refused.message)
    }

    private fun inPieces(size: Long, read: (Long, ByteArray) -> Int): ByteArray {
        val all = ByteArrayOutputStream()
        val piece = ByteArray(4_093)
        while (all.size() < size) all.write(piece, 0, read(all.size().toLong(), piece))
        return all.toByteArray()
    }

    private fun boxes(bytes: ByteArray): List<String> {
        val kinds = ArrayList<String>()
        val buffer = ByteBuffer.wrap(bytes)
        var at = 0
        while (at < bytes.size) {
            kinds += String(bytes, at + 4, 4, Charsets.ISO_8859_1)
            at += buffer.getInt(at)
        }
        return kinds
    }

    private companion object {
        const val OFFICER = "041288"
        const val PIN = "271828"
    }
}
