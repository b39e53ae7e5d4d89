package custos.testing

import java.io.File
import java.util.concurrent.TimeUnit

/** A station as its operator runs it: the `custos` program in a process of its own, with a folder of its own. */
class RealStation private constructor(private val dir: File, listen: String) : AutoCloseable {
    private val log = File(dir.parentFile, "${dir.name}.log")
    private val process: Process =
        ProcessBuilder(CUSTOS, "station", "run", "--dir", dir.path, "--listen", listen, "--json")
            .redirectError(ProcessBuilder.Redirect.appendTo(log))
            .start()

    /** Its base URL. */
    val url: String

    init {
        val line = process.inputStream.bufferedReader().readLine()
        if (line == null) {
            throw AssertionError("the station ended before it listened:\n${log.readText()}")
        }
        url = field(line, "url")
    }

    /** A ticket for one terminal, issued to [officers]; to none: the first who enrols. */
    fun ticket(terminal: String, vararg officers: String): String {
        val file = File(dir.parentFile, "ticket-$terminal-${System.nanoTime()}.json")
        val issued = officers.flatMap { listOf("--officer", it) }
        admin("ticket", "new", "--terminal", terminal, *issued.toTypedArray(), "-o", file.path)
        return file.readText().also { file.delete() }
    }

    /** A signed lock, waiting at the station. Its id. */
    fun lock(terminal: String): String = field(admin("directive", "lock", terminal, "--reason", "test"), "id")

    fun unlock(terminal: String): String = field(admin("directive", "unlock", terminal, "--reason", "test"), "id")

    /** A wipe that two people signed. */
    fun wipe(terminal: String) {
        val second = File(dir.parentFile, "second.key")
        admin("person", "add", "li", "--role", "directive", "-o", second.path)
        val id = field(admin("directive", "wipe", terminal, "--reason", "test"), "id")
        admin("directive", "sign", id, key = second)
    }

    /** A directive as it would travel on a stick. */
    fun directive(id: String): String {
        val file = File(dir.parentFile, "$id.note")
        admin("directive", "export", id, "-o", file.path)
        return file.readText()
    }

    /** Fills one of its registries: the first line names the key, then `name:kind`. */
    fun registry(name: String, csv: String) {
        val file = File(dir.parentFile, "$name.csv").apply { writeText(csv) }
        run(listOf(CUSTOS, "station", "import", "--json", "--dir", dir.path, "--registry", name, file.path))
    }

    /** Who is asked about out of curiosity, a `registry,key,list,officer` a line; and such questions are stopped. */
    fun stopPrying(watched: String) {
        val file = File(dir.parentFile, "watched.csv").apply { writeText("registry,key,list,officer\n$watched\n") }
        run(listOf(CUSTOS, "station", "import", "--json", "--dir", dir.path, "--watched", file.path))
        admin("policy", "publish", "--set", "lookup.stop=true")
    }

    /** The key file of somebody who may sign law packs. */
    fun editor(): File {
        val file = File(dir.parentFile, "editor.key")
        if (!file.exists()) admin("person", "add", "editor", "--role", "pack", "-o", file.path)
        return file
    }

    private fun admin(vararg words: String, key: File = File(dir, "keys/admin.key")): String {
        return run(listOf(CUSTOS, "admin", "--json", "--station", url, "--key", key.path) + words)
    }

    private fun run(command: List<String>): String {
        val run = ProcessBuilder(command).redirectErrorStream(true).start()
        val said = run.inputStream.bufferedReader().readText()
        check(run.waitFor() == 0) { "${command.joinToString(" ")}: $said" }
        return said
    }

    /** Ends it as an operator does, and waits until it is gone. */
    override fun close() {
        process.destroy()
        if (!process.waitFor(20, TimeUnit.SECONDS)) process.destroyForcibly().waitFor()
    }

    companion object {
        private val CUSTOS = File(System.getProperty("custos.cli")!!).canonicalPath

        /** A pack of the laws in the repository, in a new file. */
        fun pack(file: File, version: Int, key: File? = null): File {
            val starter = File(CUSTOS).parentFile.parentFile.parentFile.resolve("packs/starter")
            val signed = key?.let { listOf("--key", it.path) } ?: emptyList()
            custos(listOf("pack", "build", starter.path, "-o", file.path, "--version", "$version") + signed)
            return file
        }

        /** A delta between two packs, in a new file. */
        fun delta(file: File, old: File, new: File, key: File): File {
            custos(listOf("pack", "delta", old.path, new.path, "-o", file.path, "--key", key.path))
            return file
        }

        private fun custos(words: List<String>) {
            val run = ProcessBuilder(listOf(CUSTOS, "--json") + words).redirectErrorStream(true).start()
            val said = run.inputStream.bufferedReader().readText()
            check(run.waitFor() == 0) { "custos ${words.joinToString(" ")}: $said" }
        }

        /** Starts in [dir], which need not exist, on a free port or at the [url] of one that ended. */
        fun start(dir: File, url: String? = null): RealStation =
            RealStation(dir, url?.substringAfter("://") ?: "127.0.0.1:0")

        private fun field(line: String, name: String): String =
            Regex(""""$name":\s*"([^"]+)"""").find(line)?.groupValues?.get(1)
                ?: throw AssertionError("no $name in $line")
    }
}
