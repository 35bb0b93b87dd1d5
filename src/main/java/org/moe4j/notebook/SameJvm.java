package org.moe4j.notebook;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.util.Map;
import jdk.jshell.execution.DirectExecutionControl;
import jdk.jshell.spi.ExecutionControl;
import jdk.jshell.spi.ExecutionControlProvider;
import jdk.jshell.spi.ExecutionEnv;

/** Runs JShell's snippets in this JVM and keeps the last one's value as an object, not as text. */
final class SameJvm extends DirectExecutionControl implements ExecutionControlProvider {
    private volatile Thread thread;
    private Object value;

    @Override
    public String name() {
        return "same-jvm";
    }

    @Override
    public ExecutionControl generate(ExecutionEnv environment, Map<String, String> parameters) {
        return this;
    }

    @Override
    protected String invoke(Method snippet) throws Exception {
        thread = Thread.currentThread();
        try {
            value = snippet.invoke(null);
            return "";
        } catch (InvocationTargetException e) {
            Throwable cause = e.getCause();
            throw new UserException(cause.getMessage(), cause.getClass().getName(), cause.getStackTrace());
        } finally {
            thread = null;
        }
    }

    void forget() {
        value = null;
    }

    Object value() {
        return value;
    }

    /** Reaches a cell as {@link Thread#interrupt}; a loop that never looks runs on. */
    void interrupt() {
        Thread busy = thread;
        if (busy != null) {
            busy.interrupt();
        }
    }
}
