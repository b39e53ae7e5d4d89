package custos.shell

import android.graphics.Color
import android.util.TypedValue
import android.view.View
import android.widget.TextView
import custos.testing.RealStation
import java.io.File
import org.junit.Assert.assertEquals
import org.junit.Assert.assertFalse
import org.junit.Assert.assertTrue
import org.junit.Before
import org.junit.Rule
import org.junit.Test
import org.junit.rules.TemporaryFolder
import org.junit.runner.RunWith
import org.robolectric.RuntimeEnvironment
import org.robolectric.annotation.Config
import org.robolectric.annotation.GraphicsMode

/** That it can be read and touched in the street: contrast, sizes, a small display, large type. */
@RunWith(ShellRunner::class)
@GraphicsMode(GraphicsMode.Mode.NATIVE)
@Config(sdk = [34], qualifiers = "en-rUS-w360dp-h720dp-xhdpi")
class LegibilityTest {
    @get:Rule
    val temporary = TemporaryFolder()

    @Before
    fun provision() {
        DeviceKeystore.install()
        RealStation.start(File(temporary.root, "station")).use { station ->
            Screen.custos.terminal.provision(station.ticket("T-0042"), "Robolectric")
        }
    }

    @Test
    fun `text stands out by at least 4·5 to 1, by day and by night`() {
        val onGround = listOf(R.color.ink, R.color.ink_soft, R.color.alarm)
        val onSurface = onGround + listOf(R.color.good, R.color.accent)
        val phases = listOf(
            R.color.phase_opening, R.color.phase_unprovisioned, R.color.phase_ready, R.color.phase_on_duty,
            R.color.phase_recording, R.color.phase_locked, R.color.phase_wiped, R.color.phase_fault,
        )
        val pairs = onGround.map { it to R.color.ground } + onSurface.map { it to R.color.surface } +
            phases.map { R.color.on_phase to it } + (R.color.on_accent to R.color.accent)
        for (light in listOf("notnight", "night")) {
            RuntimeEnvironment.setQualifiers("+$light")
            for ((text, ground) in pairs) {
                val context = RuntimeEnvironment.getApplication()
                val ratio = contrast(context.getColor(text), context.getColor(ground))
                val names = listOf(text, ground).joinToString(" on ", transform = context.resources::getResourceEntryName)
                assertTrue("$names by $light: $ratio", ratio >= 4.5)
            }
        }
    }

    @Test
    fun `whatever can be touched is large, and whatever is a picture is described or silent`() {
        Screen.open().use { screen ->
            val dp = RuntimeEnvironment.getApplication().resources.displayMetrics.density
            for (view in screen.views().filter { it.isShown && it.isClickable }) {
                assertTrue("$view", view.height >= 56 * dp && view.width >= 56 * dp)
            }
            assertEquals(64 * dp, screen.view<View>(R.id.sync).height.toFloat(), 1f)
            val tiles = listOf(R.id.tile_waiting, R.id.tile_uploading, R.id.tile_confirmed, R.id.tile_attention)
            for (id in tiles + R.id.hero + R.id.storage_card) assertTrue(screen.spoken(id).isNotBlank())
            for (text in screen.views().filterIsInstance<TextView>().filter { it.isShown }) {
                val smallest = TypedValue.applyDimension(TypedValue.COMPLEX_UNIT_SP, 14f, text.resources.displayMetrics)
                assertTrue("${text.text}", text.textSize >= smallest)
            }
        }
    }

    @Test
    @Config(qualifiers = "zh-rCN-w320dp-h480dp-hdpi")
    fun `a small display`() = whole("small-zh-day")

    @Test
    fun `large type`() {
        RuntimeEnvironment.setFontScale(1.5f)
        whole("large-type-en-day")
    }

    @Test
    @Config(qualifiers = "en-rUS-w720dp-h360dp-land-night-xhdpi")
    fun `across`() = whole("across-en-night")

    /** No line is cut off, no word is torn, and the button stays on the screen. */
    private fun whole(name: String) = Screen.open().use { screen ->
        screen.photograph(name)
        for (text in screen.views().filterIsInstance<TextView>().filter { it.isShown && it.text.isNotEmpty() }) {
            val layout = text.layout
            assertTrue("${text.text}", layout.height <= text.height - text.compoundPaddingTop - text.compoundPaddingBottom)
            for (line in 0 until layout.lineCount) assertEquals("${text.text}", 0, layout.getEllipsisCount(line))
            for (line in 1 until layout.lineCount) {
                val seam = text.text.substring(layout.getLineStart(line) - 1).take(2)
                assertFalse("${text.text} breaks within a word", seam.all { it in 'a'..'z' })
            }
        }
        val sync = screen.view<View>(R.id.sync)
        val at = IntArray(2).also(sync::getLocationInWindow)
        assertTrue(at[1] + sync.height <= sync.rootView.height)
    }

    /** WCAG 2.2, relative luminance. */
    private fun contrast(a: Int, b: Int): Double {
        val (dark, light) = listOf(a, b).map { Color.luminance(it).toDouble() }.sorted()
        return (light + 0.05) / (dark + 0.05)
    }
}
