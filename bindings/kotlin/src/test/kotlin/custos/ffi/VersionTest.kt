package custos.ffi

import org.junit.Assert.assertTrue
import org.junit.Test

class VersionTest {
    @Test
    fun `the library answers`() = assertTrue(version().matches(Regex("""\d+\.\d+\.\d+""")))
}
