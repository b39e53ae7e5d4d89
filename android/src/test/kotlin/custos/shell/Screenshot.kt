package custos.shell

import android.app.Activity
import android.graphics.Bitmap
import android.graphics.Canvas
import java.io.File

/** What the officer would see, as a PNG in target/screenshots. */
internal fun photograph(activity: Activity, name: String): Bitmap {
    val view = activity.window.decorView
    val picture = Bitmap.createBitmap(view.width, view.height, Bitmap.Config.ARGB_8888)
    view.draw(Canvas(picture))
    val folder = File(System.getProperty("custos.screenshots")!!).apply { mkdirs() }
    File(folder, "$name.png").outputStream().use { picture.compress(Bitmap.CompressFormat.PNG, 100, it) }
    return picture
}
