package custos.ffi

import custos.testing.Media
import custos.testing.RealStation
import java.io.File
import java.nio.ByteBuffer
import org.junit.AfterClass
import org.junit.Assert.assertEquals
import org.junit.Assert.assertThrows
import org.junit.Assert.assertTrue
import org.junit.BeforeClass
import org.junit.Test
import org.junit.rules.TemporaryFolder

/** What the fast path refuses, by name, and that the recording goes on after it. */
class FastPathTest {
    @Test
    fun `a buffer that is none, on the heap, or too small is refused`() = recording { recording, clip ->
        val sample = clip.samples.first { !it.audio }
        val (buffer, offset) = sample.direct()
        val size = sample.bytes.size
        fun append(buffer: ByteBuffer?, offset: Int, size: Int) =
            FastPath.append(recording.token(), FastPath.VIDEO, 0, FastPath.KEY_FRAME, buffer, offset, size)

        assertThrows(NullBufferException::class.java) { append(null, 0, 1) }
        assertThrows(HeapBufferException::class.java) { append(ByteBuffer.wrap(sample.bytes), 0, size) }
        val outside = listOf(
            buffer.capacity() to 1, 0 to buffer.capacity() + 1, -1 to 1, 0 to -1, 0 to 0,
            Int.MAX_VALUE to Int.MAX_VALUE, Int.MIN_VALUE to Int.MAX_VALUE,
        )
        outside.forEach { (at, length) ->
            assertThrows("$at, $length", SampleRangeException::class.java) { append(buffer, at, length) }
        }
        assertEquals(FastPath.LOW, append(buffer, offset, size))
    }

    @Test
    fun `a track or flag without meaning is refused`() = recording { recording, clip ->
        val (buffer, offset) = clip.samples.first().direct()
        listOf(2 to 0, -1 to 0, 0 to 4, 0 to -1).forEach { (track, flags) ->
            assertThrows("$track, $flags", SampleKindException::class.java) {
                FastPath.append(recording.token(), track, 0, flags, buffer, offset, 1)
            }
        }
    }

    @Test
    fun `what is no access unit is refused and the recording goes on`() = recording { recording, clip ->
        val garbage = Media.Sample(audio = false, ptsUs = 0, key = true, bytes = ByteArray(100) { 0x55 })
        val refused = assertThrows(SampleRefusedException::class.java) { recording.append(garbage) }
        assertEquals("media", refused.code)
        assertEquals(FastPath.LOW, recording.append(clip.samples.first { !it.audio }))
    }

    @Test
    fun `a recording that ended, and one that never was, are refused`() {
        val clip = Media.clip()
        val sample = clip.samples.first { !it.audio }
        val (buffer, offset) = sample.direct()
        fun append(token: Long) =
            FastPath.append(token, FastPath.VIDEO, 0, FastPath.KEY_FRAME, buffer, offset, sample.bytes.size)

        val stopped = recording { recording, _ ->
            recording.append(sample)
            recording.stop()
            assertThrows(RecordingClosedException::class.java) { append(recording.token()) }
            recording.token()
        }
        val closed = recording { recording, _ -> recording.token() }
        for (token in listOf(stopped, closed, 0, -1, Long.MAX_VALUE, Long.MIN_VALUE)) {
            assertThrows("$token", RecordingClosedException::class.java) { append(token) }
        }
    }

    @Test
    fun `a defect of the library is an exception, not a crash`() {
        val panic = assertThrows(RustPanicException::class.java) { FastPath.panicOnPurpose() }
        assertEquals("on purpose", panic.message)
        assertThrows(InternalException::class.java) { panicOnPurpose() }
        assertTrue(version().matches(Regex("""\d+\.\d+\.\d+""")))
    }

    /** A recording of an officer on duty, closed afterwards. */
    private fun <T> recording(work: (Recording, Media.Clip) -> T): T {
        val clip = Media.clip()
        return officer.startRecording(RecordingSpec(audioOnly = false, rotationDegrees = 0)).use { recording ->
            recording.configure(clip)
            work(recording, clip)
        }
    }

    companion object {
        private val folder = TemporaryFolder()
        private lateinit var terminal: Terminal
        private lateinit var officer: Officer

        @BeforeClass
        @JvmStatic
        fun beginDuty() {
            folder.create()
            val dir = folder.newFolder("terminal")
            RealStation.start(File(folder.root, "station")).use { station ->
                terminal = Terminal.provision(dir.path, softwareKeys(dir.path), station.ticket("t-1"), "JVM test")
            }
            terminal.enrolOfficer("041288", "271828".encodeToByteArray())
            officer = terminal.unlock("041288", "271828".encodeToByteArray())
            officer.beginDuty("A-3")
        }

        @AfterClass
        @JvmStatic
        fun leave() {
            officer.close()
            terminal.close()
            folder.delete()
        }
    }
}
