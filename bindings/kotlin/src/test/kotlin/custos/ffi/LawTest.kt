package custos.ffi

import custos.testing.RealStation
import java.io.File
import org.junit.AfterClass
import org.junit.Assert.assertEquals
import org.junit.Assert.assertThrows
import org.junit.Assert.assertTrue
import org.junit.Before
import org.junit.BeforeClass
import org.junit.Rule
import org.junit.Test
import org.junit.rules.TemporaryFolder

/** The law library as a shell uses it: real laws, a real station's trust, a real pack. */
class LawTest {
    @get:Rule
    val temporary = TemporaryFolder()

    private lateinit var terminal: Terminal

    @Before
    fun provision() {
        val dir = temporary.newFolder("terminal")
        terminal = Terminal.provision(dir.path, softwareKeys(dir.path), station.ticket("t-${System.nanoTime()}"), "JVM test")
    }

    @Test
    fun `laws are installed, searched and read without an officer`() {
        assertEquals("pack-missing", refused { terminal.laws() })
        assertEquals("pack-signature", refused { terminal.installLaws(unsigned.path) })
        val installed = terminal.installLaws(first.path)
        assertEquals(1uL, installed.version)

        terminal.laws().use { laws ->
            assertEquals(installed, laws.info())
            val hit = laws.search("噪音扰民", DAY, 5u).first()
            assertEquals(LAW to "88", hit.law to hit.article)
            assertEquals(LawStanding.IN_FORCE, hit.standing)
            val marked = hit.marks.map { hit.snippet.substring(it.begin.toInt(), it.end.toInt()) }
            assertTrue("$marked", marked.any { "噪声" in it })

            val old = laws.article("治安法", "第四十三条", "2025-12-31")
            assertEquals("2012-10-26", old.version)
            assertTrue(old.paragraphs.first().startsWith("殴打他人的"))
            val chapter = laws.chapters("zagl", DAY).first()
            assertEquals("1" to 0u, chapter.article to chapter.depth)
            assertEquals("unknown-article", refused { laws.article("治安法", "9999", DAY) })
            assertEquals("unknown-article", refused { laws.article("治安法", "'; DROP TABLE", DAY) })
            assertEquals("unknown-law", refused { laws.chapters("没有的法", DAY) })
            assertEquals("bad-date", refused { laws.search("盗窃", "gestern", 5u) })
            assertEquals(emptyList<LawHit>(), laws.search("", DAY, 5u))
        }
    }

    @Test
    fun `a newer pack comes as a delta, an older one not at all`() {
        terminal.installLaws(first.path)
        assertEquals(2uL, terminal.installLaws(delta.path).version)
        terminal.laws().use { assertEquals(2uL, it.info().version) }
        assertEquals("pack-older", refused { terminal.installLaws(first.path) })
        assertEquals("pack-older", refused { terminal.installLaws(delta.path) })
    }

    @Test
    fun `an officer keeps articles, and nobody else sees them`() {
        terminal.installLaws(first.path)
        terminal.enrolOfficer(OFFICER, PIN.encodeToByteArray())
        terminal.laws().use { laws ->
            terminal.unlock(OFFICER, PIN.encodeToByteArray()).use { officer ->
                officer.bookmark(laws, "治安法", "88")
                officer.bookmark(laws, "刑法", "第一百三十三条之一")
                officer.readArticle(laws, "治安法", "26", DAY)
                assertEquals(listOf("133.1", "88"), officer.bookmarks().map { it.article })
                assertEquals(listOf(LAW to "26"), officer.recentArticles().map { it.law to it.article })
                assertTrue(officer.dropBookmark(LAW, "88"))
                assertEquals(listOf("133.1"), officer.bookmarks().map { it.article })
            }
        }
        assertThrows(ApiException.WrongPin::class.java) { terminal.unlock(OFFICER, "999999".encodeToByteArray()) }
    }

    private fun refused(work: () -> Any): String =
        assertThrows(ApiException.Refused::class.java) { work() }.code

    companion object {
        private const val OFFICER = "100123"
        private const val PIN = "246810"
        private const val LAW = "中华人民共和国治安管理处罚法"
        private const val DAY = "2026-11-22"

        private val folder = TemporaryFolder()
        private lateinit var station: RealStation
        private lateinit var first: File
        private lateinit var unsigned: File
        private lateinit var delta: File

        @BeforeClass
        @JvmStatic
        fun start() {
            folder.create()
            station = RealStation.start(folder.root.resolve("station"))
            val editor = station.editor()
            first = RealStation.pack(folder.root.resolve("1.pack"), 1, editor)
            unsigned = RealStation.pack(folder.root.resolve("u.pack"), 9)
            val second = RealStation.pack(folder.root.resolve("2.pack"), 2, editor)
            delta = RealStation.delta(folder.root.resolve("2.delta"), first, second, editor)
        }

        @AfterClass
        @JvmStatic
        fun stop() {
            station.close()
            folder.delete()
        }
    }
}
