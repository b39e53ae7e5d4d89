package custos.ffi

import custos.testing.RealStation
import java.io.File
import org.junit.After
import org.junit.Assert.assertEquals
import org.junit.Assert.assertFalse
import org.junit.Assert.assertThrows
import org.junit.Assert.assertTrue
import org.junit.Before
import org.junit.Rule
import org.junit.Test
import org.junit.rules.TemporaryFolder

/** A question in the street, through library, station and registry, and with the station away. */
class LookupTest {
    @get:Rule
    val temporary = TemporaryFolder()

    private lateinit var station: RealStation
    private lateinit var terminal: Terminal

    @Before
    fun provision() {
        val dir = temporary.newFolder("terminal")
        station = RealStation.start(File(temporary.root, "station"))
        station.registry("vehicle", "plate,owner:name,stolen\n京A12345,张三丰,no\n")
        terminal = Terminal.provision(dir.path, softwareKeys(dir.path), station.ticket("t-1"), "JVM test")
        terminal.enrolOfficer(OFFICER, PIN.encodeToByteArray())
    }

    @After
    fun end() {
        terminal.close()
        station.close()
    }

    @Test
    fun `an officer on duty gets a masked answer`() {
        terminal.unlock(OFFICER, PIN.encodeToByteArray()).use { officer ->
            assertThrows(ApiException.LookupRefused::class.java) { officer.ask("京A12345") }
            officer.beginDuty("A-7")
            val answer = officer.ask("京a·12345") as LookupAnswer.Records
            assertEquals(mapOf("owner" to "张**", "stolen" to "no"), answer.records.single().values())
            assertFalse(answer.kept)

            val mistyped = assertThrows(ApiException.LookupMalformed::class.java) { officer.ask("京A1234I") }
            assertEquals("plate-sequence", mistyped.code)
            val silent = assertThrows(ApiException.LookupMalformed::class.java) {
                officer.lookUp(Registry.VEHICLE, "京A12345", " ")
            }
            assertEquals("purpose-missing", silent.code)
        }
    }

    @Test
    fun `a question waits for the station`() {
        terminal.unlock(OFFICER, PIN.encodeToByteArray()).use { officer ->
            officer.beginDuty("A-7")
            station.close()
            val queued = officer.ask("京A12345") as LookupAnswer.Offline
            assertTrue(queued.queued)
            assertFalse(officer.waitingLookups().single().answered)
            station = RealStation.start(File(temporary.root, "station"), station.url)
            terminal.syncOnce()
            assertTrue(officer.waitingLookups().single().answered)
            val answer = officer.waitedLookup(queued.lookup) as LookupAnswer.Records
            assertTrue(answer.kept)
            assertEquals("张**", answer.records.single().values()["owner"])
        }
    }

    @Test
    fun `several numbers and parts of numbers take a grant`() {
        terminal.unlock(OFFICER, PIN.encodeToByteArray()).use { officer ->
            officer.beginDuty("A-7")
            val several = assertThrows(ApiException.LookupRefused::class.java) {
                officer.lookUpMany(Registry.VEHICLE, listOf("京A12345", "京A54321"), "inquiry: convoy")
            }
            assertEquals("lookup-needs-grant", several.code)
            val part = assertThrows(ApiException.LookupRefused::class.java) {
                officer.lookUpPattern(Registry.VEHICLE, "京A123*", "inquiry: convoy")
            }
            assertEquals("lookup-needs-grant", part.code)
            // Twice the same is one, and takes none.
            val one = officer.lookUpMany(Registry.VEHICLE, listOf("京A12345", "京a12345"), "inquiry: convoy").single()
            assertEquals(1u, one.position)
            assertEquals("张**", (one.answer as LookupAnswer.Records).records.single().values()["owner"])
        }
    }

    @Test
    fun `a refusal of what waited is told once`() {
        terminal.unlock(OFFICER, PIN.encodeToByteArray()).use { officer ->
            officer.beginDuty("A-7")
            station.close()
            val queued = officer.ask("京A12345") as LookupAnswer.Offline
            station = RealStation.start(File(temporary.root, "station"), station.url)
            station.stopPrying("vehicle,京A12345,relative,$OFFICER")
            terminal.syncOnce()
            assertEquals("lookup-stopped", officer.waitingLookups().single().refused)
            val told = assertThrows(ApiException.LookupRefused::class.java) { officer.waitedLookup(queued.lookup) }
            assertEquals("lookup-stopped", told.code)
            assertTrue(officer.waitingLookups().isEmpty())
        }
    }

    private fun Officer.ask(plate: String) = lookUp(Registry.VEHICLE, plate, "traffic: parked on the pavement")

    private fun LookupRecord.values() = fields.associate { it.name to it.value }

    private companion object {
        const val OFFICER = "041288"
        const val PIN = "271828"
    }
}
