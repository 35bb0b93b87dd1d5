package org.moe4j.backend.simd;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;

import javax.management.JMException;
import javax.management.ObjectName;

/** What the JIT compiler is asked for. */
final class Compilation {
    private Compilation() {}

    /**
     * Asks HotSpot to leave methods out of C1, so that they go from the interpreter to C2: by a compiler directive, which a JVM takes
     * while it runs (what {@code jcmd Compiler.directives_add} does).
     *
     * @param methods a pattern of class and method, with slashes
     * @return whether it was taken; other JVMs have nothing that takes it
     */
    static boolean withoutC1(String methods) {
        try {
            Path directive = Files.createTempFile("moe4j", ".json");
            try {
                Files.writeString(directive, "[{match: [\"" + methods + "\"], c1: {Exclude: true}}]");
                Object said = ManagementFactory.getPlatformMBeanServer().invoke(new ObjectName("com.sun.management:type=DiagnosticCommand"),
                    "compilerDirectivesAdd", new Object[] {new String[] {directive.toString()}}, new String[] {String[].class.getName()});
                return said.toString().contains("directives added");
            } finally {
                Files.deleteIfExists(directive);
            }
        } catch (IOException | JMException | RuntimeException refused) {
            return false;
        }
    }
}
