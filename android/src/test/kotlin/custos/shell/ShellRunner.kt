package custos.shell

import org.junit.runners.model.FrameworkMethod
import org.robolectric.RobolectricTestRunner
import org.robolectric.internal.bytecode.InstrumentationConfiguration

/**
 * Loads the library's classes outside Robolectric's sandboxes: a second sandbox would load libcustos.so a second
 * time, which a JVM refuses.
 */
class ShellRunner(test: Class<*>) : RobolectricTestRunner(test) {
    override fun createClassLoaderConfig(method: FrameworkMethod): InstrumentationConfiguration =
        InstrumentationConfiguration.Builder(super.createClassLoaderConfig(method))
            .doNotAcquirePackage("custos.ffi.")
            .build()
}
