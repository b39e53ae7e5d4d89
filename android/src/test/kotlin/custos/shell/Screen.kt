package custos.shell

import android.graphics.Bitmap
import android.graphics.Canvas
import android.os.Looper
import android.view.View
import android.view.ViewGroup
import android.widget.TextView
import java.io.File
import org.robolectric.Robolectric
import org.robolectric.RuntimeEnvironment
import org.robolectric.Shadows.shadowOf
import org.robolectric.android.controller.ActivityController

/** The status screen as an officer has it in hand. */
internal class Screen private constructor(private val controller: ActivityController<StatusActivity>) : AutoCloseable {
    private val activity: StatusActivity = controller.get()

    fun text(id: Int): String? = view<TextView>(id).let { if (it.isShown) it.text.toString() else null }

    fun spoken(id: Int): String = view<View>(id).contentDescription.toString()

    fun tile(id: Int): String = view<View>(id).requireViewById<TextView>(R.id.tile_count).text.toString()

    fun isShown(id: Int) = view<View>(id).isShown

    fun tap(id: Int) {
        check(view<View>(id).performClick())
        settle()
    }

    /** Everything on the screen, outermost first. */
    fun views(): List<View> = ArrayList<View>().also { collect(activity.window.decorView, it) }

    private fun collect(view: View, into: MutableList<View>) {
        into += view
        if (view is ViewGroup) for (n in 0 until view.childCount) collect(view.getChildAt(n), into)
    }

    fun <V : View> view(id: Int): V = activity.requireViewById(id)

    /** A PNG in target/screenshots. */
    fun photograph(name: String) {
        val view = activity.window.decorView
        val picture = Bitmap.createBitmap(view.width, view.height, Bitmap.Config.ARGB_8888)
        view.draw(Canvas(picture))
        val folder = File(System.getProperty("custos.screenshots")!!).apply { mkdirs() }
        File(folder, "$name.png").outputStream().use { picture.compress(Bitmap.CompressFormat.PNG, 100, it) }
        picture.recycle()
    }

    private fun settle() {
        // One thread does everything that blocks: what was asked of it is done when this is.
        custos.background.submit {}.get()
        shadowOf(Looper.getMainLooper()).idle()
    }

    override fun close() = controller.close()

    companion object {
        val custos get() = RuntimeEnvironment.getApplication() as CustosApplication

        fun open(): Screen = Screen(Robolectric.buildActivity(StatusActivity::class.java).setup()).also { it.settle() }

        /** Both languages, by day and by night. */
        val LOOKS = listOf("en-rUS", "zh-rCN").flatMap { language -> listOf("notnight", "night").map { language to it } }

        /** Photographs the state that there is now, in every look, and runs [check] on each. */
        fun photographAll(name: String, check: (Screen, String) -> Unit) {
            for ((language, light) in LOOKS) {
                RuntimeEnvironment.setQualifiers("+$language-$light")
                open().use {
                    check(it, language.take(2))
                    val hour = if (light == "night") "night" else "day"
                    it.photograph("$name-${language.take(2)}-$hour")
                }
            }
            RuntimeEnvironment.setQualifiers("+en-rUS-notnight")
        }
    }
}
