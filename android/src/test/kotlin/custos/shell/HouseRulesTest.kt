package custos.shell

import java.io.File
import javax.xml.parsers.DocumentBuilderFactory
import org.junit.Assert.assertEquals
import org.junit.Assert.assertTrue
import org.junit.Test
import org.w3c.dom.Element

/** What keeps the shell thin, and its two languages equal. Reads sources; runs on a plain JVM. */
class HouseRulesTest {
    private val sources = File(System.getProperty("custos.sources")!!)
    private val resources = File(sources.parentFile, "res")

    @Test
    fun `screens import the shell's own interface and nothing generated`() {
        val files = sources.walk().filter { it.extension == "kt" }.toList()
        assertTrue(files.isNotEmpty())
        val offenders = files.filter { file ->
            val inside = file.relativeTo(sources).path.startsWith("custos/shell/library/")
            !inside && file.readText().contains("custos.ffi")
        }
        assertEquals(emptyList<File>(), offenders)
    }

    @Test
    fun `the library is reached from the application alone`() {
        val users = sources.walk()
            .filter { it.extension == "kt" && !it.relativeTo(sources).path.startsWith("custos/shell/library/") }
            .filter { it.readText().contains("import custos.shell.library") }
            .map(File::getName).toList()
        assertEquals(listOf("CustosApplication.kt"), users)
    }

    @Test
    fun `everything is said in both languages, with the same blanks`() {
        val english = strings("values")
        val chinese = strings("values-zh")
        assertEquals(english.keys, chinese.keys)
        for ((name, text) in english) assertEquals(name, blanks(text), blanks(chinese.getValue(name)))
    }

    private fun blanks(text: String) = Regex("""%(\d+\$)?[ds]""").findAll(text).map { it.value }.sorted().toList()

    /** A plural counts as its most general form. */
    private fun strings(folder: String): Map<String, String> {
        val file = File(resources, "$folder/strings.xml")
        val root = DocumentBuilderFactory.newInstance().newDocumentBuilder().parse(file).documentElement
        val children = (0 until root.childNodes.length).map(root.childNodes::item).filterIsInstance<Element>()
        return children.associate { element ->
            val items = element.getElementsByTagName("item")
            val last = if (items.length > 0) items.item(items.length - 1) else element
            element.getAttribute("name") to last.textContent
        }
    }
}
