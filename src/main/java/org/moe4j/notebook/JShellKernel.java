package org.moe4j.notebook;

import io.github.spencerpark.jupyter.channels.JupyterConnection;
import io.github.spencerpark.jupyter.kernel.BaseKernel;
import io.github.spencerpark.jupyter.kernel.KernelConnectionProperties;
import io.github.spencerpark.jupyter.kernel.LanguageInfo;
import io.github.spencerpark.jupyter.kernel.ReplacementOptions;
import io.github.spencerpark.jupyter.kernel.display.DisplayData;
import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.logging.Level;
import java.util.logging.Logger;
import java.util.stream.Collectors;
import jdk.jshell.EvalException;
import jdk.jshell.JShell;
import jdk.jshell.Snippet;
import jdk.jshell.SnippetEvent;
import jdk.jshell.SourceCodeAnalysis.CompletionInfo;
import jdk.jshell.SourceCodeAnalysis.Completeness;
import jdk.jshell.SourceCodeAnalysis.Suggestion;

/**
 * A Jupyter kernel for Java: JShell behind the protocol library that IJava is built on, so that a notebook shows the same
 * here as there. Cells see the class path and the modules that this JVM was started with.
 */
public final class JShellKernel extends BaseKernel {
    private static final List<String> PRELUDE = List.of(
            "import java.nio.file.*;",
            "import java.util.*;",
            "import java.util.stream.*;",
            "import static " + JShellKernel.class.getName() + ".display;");

    private static JShellKernel running;

    private final SameJvm engine = new SameJvm();
    private final JShell shell;

    JShellKernel() {
        shell = JShell.builder()
                .executionEngine(engine, Map.of())
                .compilerOptions("--add-modules", "jdk.incubator.vector")
                .build();
        for (String entry : System.getProperty("java.class.path").split(File.pathSeparator)) {
            shell.addToClasspath(entry);
        }
        PRELUDE.forEach(shell::eval);
        RichDisplay.register(getRenderer());
    }

    /** @param connectionFile the path of the file that Jupyter wrote for this kernel */
    public static void main(String[] connectionFile) throws Exception {
        Logger.getLogger("").setLevel(Level.WARNING); // the protocol library tells each message
        String connection = Files.readString(Path.of(connectionFile[0]));
        JupyterConnection jupyter = new JupyterConnection(KernelConnectionProperties.parse(connection));
        running = new JShellKernel();
        running.becomeHandlerForConnection(jupyter);
        jupyter.connect();
        jupyter.waitUntilClose();
        System.exit(0);
    }

    /** Shows a value below the running cell: for cells that show more than their last value. */
    public static void display(Object value) {
        running.display(running.getRenderer().render(value));
    }

    @Override
    public DisplayData eval(String cell) throws Exception {
        Object last = null;
        String rest = cell;
        while (!rest.isBlank()) {
            CompletionInfo next = shell.sourceCodeAnalysis().analyzeCompletion(rest);
            if (next.completeness() == Completeness.EMPTY) break; // only comments are left
            if (!next.completeness().isComplete()) {
                throw new IllegalArgumentException("This cell stops in the middle of: " + rest.strip());
            }
            last = run(next.source());
            rest = next.remaining();
        }
        return last == null ? null : getRenderer().render(last);
    }

    /** The value of an expression, or null for a declaration or statement. */
    private Object run(String source) throws Exception {
        engine.forget();
        boolean expression = false;
        for (SnippetEvent event : shell.eval(source)) {
            Snippet snippet = event.snippet();
            if (event.status() == Snippet.Status.REJECTED) {
                throw new IllegalArgumentException(shell.diagnostics(snippet)
                        .map(problem -> problem.getMessage(Locale.ROOT))
                        .collect(Collectors.joining("\n", "", "\n" + source)));
            }
            if (event.exception() instanceof EvalException thrown) {
                throw new Exception(thrown.getExceptionClassName() + ": " + thrown.getMessage(), thrown);
            }
            if (event.exception() != null) {
                throw event.exception();
            }
            expression |= switch (snippet.subKind()) {
                case VAR_VALUE_SUBKIND, OTHER_EXPRESSION_SUBKIND, TEMP_VAR_EXPRESSION_SUBKIND -> true;
                default -> false;
            };
        }
        return expression ? engine.value() : null;
    }

    @Override
    public ReplacementOptions complete(String code, int cursor) {
        int[] start = new int[1];
        List<String> continuations = shell.sourceCodeAnalysis().completionSuggestions(code, cursor, start).stream()
                .map(Suggestion::continuation)
                .distinct()
                .toList();
        return new ReplacementOptions(continuations, start[0], cursor);
    }

    @Override
    public LanguageInfo getLanguageInfo() {
        return new LanguageInfo.Builder("Java")
                .version(Runtime.version().toString())
                .mimetype("text/x-java-source")
                .fileExtension(".jshell")
                .pygments("java")
                .codemirror("java")
                .build();
    }

    @Override
    public void interrupt() {
        engine.interrupt();
    }

    @Override
    public void onShutdown(boolean restarting) {
        shell.close();
    }
}
