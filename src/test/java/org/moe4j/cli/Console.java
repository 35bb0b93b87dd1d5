package org.moe4j.cli;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;

import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/** Hears what a test's commands say: what they print, and what they complain of on standard error. */
public final class Console implements BeforeEachCallback, AfterEachCallback {
    public final ByteArrayOutputStream printed = new ByteArrayOutputStream();
    public final ByteArrayOutputStream complaint = new ByteArrayOutputStream();
    private final PrintStream out = System.out;
    private final PrintStream err = System.err;

    @Override
    public void beforeEach(ExtensionContext test) {
        System.setOut(new PrintStream(printed, true));
        System.setErr(new PrintStream(complaint, true));
    }

    @Override
    public void afterEach(ExtensionContext test) {
        System.setOut(out);
        System.setErr(err);
    }
}
