package custos.ffi

import custos.testing.Media
import custos.testing.RealStation
import java.io.File
import org.junit.AfterClass
import org.junit.Assert.assertArrayEquals
import org.junit.Assert.assertEquals
import org.junit.Assert.assertFalse
import org.junit.Assert.assertThrows
import org.junit.Assert.assertTrue
import org.junit.Before
import org.junit.BeforeClass
import org.junit.Rule
import org.junit.Test
import org.junit.rules.TemporaryFolder

/** The life of one clip as a shell drives it, with nothing stood in for: library, station, media, network. */
class MainPathTest {
    @get:Rule
    val temporary = TemporaryFolder()

    private lateinit var terminal: Terminal
    private lateinit var dir: File

    @Before
    fun provision() {
        dir = temporary.newFolder("terminal")
        terminal = Terminal.provision(dir.path, softwareKeys(dir.path), station.ticket(fresh()), "JVM test")
        terminal.enrolOfficer(OFFICER, PIN.encodeToByteArray())
    }

    @Test
    fun `a clip becomes a confirmed receipt`() {
        val clip = Media.clip()
        terminal.unlock(OFFICER, PIN.encodeToByteArray()).use { officer ->
            officer.beginDuty("A-2026-0117")
            assertEquals(TerminalState.ON_DUTY, terminal.status().state)

            val sealed = officer.record(clip) { recording, n ->
                if (n == clip.samples.size / 2) {
                    recording.mark("half-way")
                    recording.commit()
                    assertEquals(1, terminal.status().count(EvidenceState.RECORDING))
                }
            }
            assertEquals(EvidenceState.SEALED, sealed.state)
            assertEquals(OFFICER, sealed.officer)
            assertEquals("A-2026-0117", sealed.case)
            assertTrue("fragments: ${sealed.fragments}", sealed.fragments > 1u)

            val report = terminal.syncOnce()
            assertEquals(listOf(sealed.clip), report.confirmed)
            assertEquals(0uL, report.waiting)
            assertEquals(officer.evidence(), officer.dutyEvidence())
            val ended = officer.endDuty().single()
            assertEquals(sealed.clip, ended.clip)
            assertEquals(EvidenceState.CONFIRMED, ended.state)

            val out = temporary.newFolder("out")
            officer.exportClip(sealed.clip, out.path)
            val verified = ProcessBuilder(verify(out)).redirectErrorStream(true).start()
            val said = verified.inputStream.bufferedReader().readText()
            assertEquals(said, 0, verified.waitFor())
            assertTrue(said, said.contains("\"verified\":true"))
        }
        assertEquals(1, terminal.status().count(EvidenceState.CONFIRMED))
        assertEquals(TerminalState.READY, terminal.status().state)
    }

    @Test
    fun `a clip leaves while it is recorded, and is confirmed without being asked for`() {
        val clip = Media.clip()
        terminal.unlock(OFFICER, PIN.encodeToByteArray()).use { officer ->
            officer.beginDuty("A-3")
            terminal.startSync().use { sync ->
                val sealed = officer.record(clip) { recording, n ->
                    if (n == clip.samples.size * 3 / 4) {
                        recording.commit()
                        until("bytes are at the station before the recording ends") {
                            officer.evidence().single().uploaded > 0u
                        }
                    }
                }
                until("the clip is confirmed") { officer.evidence().single().state == EvidenceState.CONFIRMED }
                assertEquals(sealed.length, officer.evidence().single().uploaded)
                assertFalse(sync.isFinished())
            }
        }
    }

    @Test
    fun `a photo is evidence too, and marks are counted`() {
        terminal.unlock(OFFICER, PIN.encodeToByteArray()).use { officer ->
            assertThrows(ApiException.NoDuty::class.java) { officer.photo(Media.photo()) }
            officer.beginDuty("A-4")
            assertThrows(ApiException.Media::class.java) { officer.photo(ByteArray(100)) }
            val photo = officer.photo(Media.photo())
            assertEquals("image/jpeg", photo.media)
            officer.mark(photo.clip, "number plate")
            assertEquals(1u, officer.evidence().single().marked)
            assertThrows(ApiException.UnknownClip::class.java) { officer.mark("clip-none", "x") }
            assertEquals(listOf(photo.clip), terminal.syncOnce().confirmed)
        }
    }

    @Test
    fun `what was recorded can be looked at, and the journal knows`() {
        terminal.unlock(OFFICER, PIN.encodeToByteArray()).use { officer ->
            officer.beginDuty("A-5")
            val photo = officer.photo(Media.photo())
            val entries = terminal.status().journalSize
            officer.openClip(photo.clip, 0, null).use { reader ->
                assertEquals(entries + 1uL, terminal.status().journalSize)
                assertEquals(null, reader.span())
                assertEquals(Media.photo().size.toULong(), reader.size())
                assertArrayEquals(Media.photo(), reader.readAt(0uL, UInt.MAX_VALUE))
                assertEquals(0, reader.readAt(reader.size(), 1u).size)

                val bytes = ByteArray(Media.photo().size + 1)
                assertEquals(bytes.size - 1, FastPath.readAt(reader.token(), 0, bytes, 0, bytes.size))
                assertArrayEquals(Media.photo(), bytes.copyOf(bytes.size - 1))
                assertThrows(NullBufferException::class.java) { FastPath.readAt(reader.token(), 0, null, 0, 1) }
                listOf(0 to bytes.size + 1, -1 to 1, 0 to -1, 0 to 0, Int.MAX_VALUE to Int.MAX_VALUE).forEach { (at, size) ->
                    assertThrows("$at, $size", SampleRangeException::class.java) {
                        FastPath.readAt(reader.token(), 0, bytes, at, size)
                    }
                }
                listOf(0L, -1L, Long.MAX_VALUE, reader.token() + 1).forEach { token ->
                    val refused = assertThrows("$token", ReadRefusedException::class.java) {
                        FastPath.readAt(token, 0, bytes, 0, 1)
                    }
                    assertEquals("reader-closed", refused.code)
                }
            }
            assertThrows(ApiException.UnknownClip::class.java) { officer.openClip("clip-none", 0, null) }
        }
    }

    @Test
    fun `no byte of the media is on the medium in the clear`() {
        val clip = Media.clip()
        terminal.unlock(OFFICER, PIN.encodeToByteArray()).use { officer ->
            officer.beginDuty("A-1")
            officer.record(clip)
        }
        // Sixteen bytes out of the middle of a big frame occur nowhere by chance.
        val frame = clip.samples.filter { !it.audio }.maxBy { it.bytes.size }.bytes
        val needle = String(frame.copyOfRange(frame.size / 2, frame.size / 2 + 16), Charsets.ISO_8859_1)
        val files = dir.walk().filter(File::isFile).toList()
        assertTrue(files.sumOf(File::length) > frame.size)
        files.forEach { assertFalse(it.path, it.readText(Charsets.ISO_8859_1).contains(needle)) }
    }

    @Test
    fun `a wrong PIN says how many attempts remain`() {
        val wrong = assertThrows(ApiException.WrongPin::class.java) {
            terminal.unlock(OFFICER, "000000".encodeToByteArray())
        }
        val again = assertThrows(ApiException.WrongPin::class.java) {
            terminal.unlock(OFFICER, "000001".encodeToByteArray())
        }
        assertEquals(wrong.remaining - 1u, again.remaining)
        assertThrows(ApiException.UnknownOfficer::class.java) {
            terminal.unlock("999999", PIN.encodeToByteArray())
        }
        terminal.unlock(OFFICER, PIN.encodeToByteArray()).close()
    }

    @Test
    fun `a ticket works once`() {
        val ticket = station.ticket(fresh())
        val first = temporary.newFolder()
        Terminal.provision(first.path, softwareKeys(first.path), ticket, "JVM test").close()
        val second = temporary.newFolder()
        assertThrows(ApiException.TicketSpent::class.java) {
            Terminal.provision(second.path, softwareKeys(second.path), ticket, "JVM test")
        }
        assertThrows(ApiException.TicketMalformed::class.java) {
            Terminal.provision(second.path, softwareKeys(second.path), "{}", "JVM test")
        }
        assertThrows(ApiException.NotProvisioned::class.java) { Terminal.open(second.path, softwareKeys(second.path)) }
        assertThrows(ApiException.AlreadyProvisioned::class.java) {
            Terminal.provision(first.path, softwareKeys(first.path), station.ticket(fresh()), "JVM test")
        }
    }

    @Test
    fun `a lock from the station holds until it is lifted`() {
        val name = terminal.status().terminal
        station.lock(name)
        terminal.syncOnce()
        assertEquals(TerminalState.LOCKED, terminal.status().state)
        assertThrows(ApiException.Locked::class.java) { terminal.unlock(OFFICER, PIN.encodeToByteArray()) }
        station.unlock(name)
        terminal.syncOnce()
        terminal.unlock(OFFICER, PIN.encodeToByteArray()).close()
    }

    @Test
    fun `a directive on a stick acts once, and a changed one not at all`() {
        val lock = station.directive(station.lock(terminal.status().terminal))
        assertThrows(ApiException.DirectiveRefused::class.java) {
            terminal.applyDirective(lock.replace("\"reason\":\"test\"", "\"reason\":\"tost\""))
        }
        assertEquals(TerminalState.READY, terminal.status().state)
        terminal.applyDirective(lock)
        assertEquals(TerminalState.LOCKED, terminal.status().state)
    }

    @Test
    fun `a wipe that two people signed leaves nothing to open`() {
        val keys = softwareKeys(dir.path)
        terminal.unlock(OFFICER, PIN.encodeToByteArray()).use { officer ->
            officer.beginDuty("A-5")
            officer.record(Media.clip())
        }
        station.wipe(terminal.status().terminal)
        assertTrue(terminal.syncOnce().wiped)
        assertFalse(keys.isPresent())
        assertThrows(ApiException.Wiped::class.java) { terminal.status() }
        assertThrows(ApiException.Wiped::class.java) { Terminal.open(dir.path, keys) }
    }

    @Test
    fun `evidence waits for a station that is away`() {
        val folder = File(temporary.root, "other-station")
        val other = temporary.newFolder("other-terminal")
        val away = RealStation.start(folder)
        val far = away.use { Terminal.provision(other.path, softwareKeys(other.path), it.ticket(fresh()), "JVM test") }
        far.enrolOfficer(OFFICER, PIN.encodeToByteArray())
        far.unlock(OFFICER, PIN.encodeToByteArray()).use { officer ->
            officer.beginDuty("A-2")
            officer.record(Media.clip())
            assertThrows(ApiException.StationUnreachable::class.java) { far.syncOnce() }
            assertEquals(1, far.status().count(EvidenceState.SEALED))
            RealStation.start(folder, away.url).use { assertEquals(1, far.syncOnce().confirmed.size) }
        }
        far.close()
    }

    companion object {
        private const val OFFICER = "041288"
        private const val PIN = "271828"

        private lateinit var station: RealStation
        private val folder = TemporaryFolder()

        @BeforeClass
        @JvmStatic
        fun startStation() {
            folder.create()
            station = RealStation.start(File(folder.root, "station"))
        }

        @AfterClass
        @JvmStatic
        fun stopStation() {
            station.close()
            folder.delete()
        }

        /** Waits for what the background does; long enough for a busy machine. */
        private fun until(what: String, holds: () -> Boolean) {
            val end = System.nanoTime() + 60_000_000_000
            while (!holds()) {
                assertTrue(what, System.nanoTime() < end)
                Thread.sleep(20)
            }
        }

        private fun fresh() = "t-${System.nanoTime()}"

        private fun verify(out: File): List<String> {
            fun only(end: String) = out.walk().single { it.name.endsWith(end) }.path
            return listOf(
                System.getProperty("custos.cli")!!, "verify", "--json", only(".age"),
                "--receipt", only(".receipt"), "--trust", only("trust.json"),
            )
        }
    }
}
