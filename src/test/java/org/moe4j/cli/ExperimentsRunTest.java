package org.moe4j.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Starts a copy of {@code experiments/run} in odd environments, with JDKs and a Maven that only say what they were asked. */
class ExperimentsRunTest {
    private static final String SAYS_ITS_ARGUMENTS = "#!/bin/bash\nfor a in \"$@\"; do echo \"[$a]\"; done\nexit ${STUB_EXIT:-0}\n";
    private static final String VECTOR = "MODULES=\"java.base jdk.incubator.vector\"";

    @TempDir Path temp;
    private Path project;
    private Path bin;
    private final Map<String, String> environment = new LinkedHashMap<>();

    private record Outcome(int exit, String out, String err) {}

    @BeforeEach void copyTheLauncher() throws IOException {
        assumeTrue(Files.isExecutable(Path.of("/bin/bash")), "the launcher needs /bin/bash");
        project = Files.createDirectories(temp.resolve("a project"));
        for (String file : List.of("run", "jvm", "jdk25", "java.args")) {
            Path copy = project.resolve("experiments").resolve(file);
            Files.createDirectories(copy.getParent());
            Files.copy(Path.of("experiments", file), copy);
        }
        write("experiments/granularity.java", "import java.util.List;\n\n/** How finely to cut. */\nvoid main() {}\n");
        write("experiments/bench.java", "// Measures the kernels.\nvoid main() {}\n");
        write("pom.xml", "<project/>");
        write("src/main/java/A.java", "class A {}");
        bin = Files.createDirectories(temp.resolve("bin"));
        environment.put("PATH", bin + ":/usr/bin:/bin");
        environment.put("HOME", temp.toString());
        environment.put("MOE4J_JDKS", temp.resolve("jdks").toString());
    }

    @Test void runsTheStudyOnTheJdkWithTheUsersArguments() throws Exception {
        jdk("jdks/twenty-five", "25.0.1", VECTOR);
        built();
        Outcome ran = run("granularity", "--out", "my results", "");
        assertThat(ran.err()).isEmpty();
        assertThat(ran.out()).contains("[@" + project.resolve("experiments/java.args") + "]",
                "[" + project + "/target/classes:" + project + "/target/lib/*]",
                "[" + project.resolve("experiments/granularity.java") + "]\n[--out]\n[my results]\n[]\n",
                "[-XX:MaxRAMPercentage=65]");
    }

    @Test void staysInTheUsersFolder() throws Exception {
        Path jdk = jdk("jdks/25", "25", VECTOR);
        executable(jdk.resolve("bin/java"), "#!/bin/bash\npwd\n");
        built();
        assertThat(run("granularity").out().strip()).isEqualTo(temp.toRealPath().toString());
    }

    @Test void saysThatItCannotBuildWhereItMayNotWrite() throws Exception {
        jdk("jdks/25", "25", VECTOR);
        write("target", "no folder, which nobody can write into: a test may run as root");
        Outcome ran = run("granularity");
        assertThat(ran.exit()).isEqualTo(1);
        assertThat(ran.err()).startsWith("moe4j has to be built").contains(project + "/target cannot be written").hasLineCount(1);
    }

    @Test void passesTheExitCodeOn() throws Exception {
        jdk("jdks/25", "25", VECTOR);
        built();
        environment.put("STUB_EXIT", "7");
        assertThat(run("granularity").exit()).isEqualTo(7);
    }

    @Test void passesASignalOn() throws Exception {
        Path jdk = jdk("jdks/25", "25", VECTOR);
        executable(jdk.resolve("bin/java"), "#!/bin/bash\ntrap 'echo stopped; exit 3' TERM\necho ready\nwhile :; do sleep 0.05; done\n");
        built();
        Process process = start("granularity");
        try (var lines = process.inputReader()) {
            assertThat(lines.readLine()).isEqualTo("ready");
            process.toHandle().destroy(); // to the process that was started: exec made it the JVM
            assertThat(lines.readLine()).isEqualTo("stopped");
        }
        assertThat(process.waitFor()).isEqualTo(3);
    }

    @Test void takesTheHeapFromTheEnvironment() throws Exception {
        jdk("jdks/25", "25", VECTOR);
        built();
        environment.put("MOE4J_HEAP", "12g");
        assertThat(run("granularity").out()).contains("[-Xmx12g]").doesNotContain("MaxRAMPercentage");
        for (String wrong : List.of("much", "0g")) {
            environment.put("MOE4J_HEAP", wrong);
            Outcome refused = run("granularity");
            assertThat(refused.exit()).isEqualTo(2);
            assertThat(refused.err()).containsOnlyOnce("\n").contains("\"" + wrong + "\"", "12g");
        }
    }

    @Test void prefersJavaHomeThenThePath() throws Exception {
        jdk("jdks/25", "25", VECTOR);
        Path home = jdk("mine", "25.0.2", VECTOR);
        Path onPath = jdk("path", "25.0.2", VECTOR);
        executable(bin.resolve("java"), "#!/bin/bash\necho '    java.home = " + onPath + "' >&2\n");
        assertThat(jdk25().out().strip()).isEqualTo(onPath.toString());
        environment.put("JAVA_HOME", home.toString());
        assertThat(jdk25().out().strip()).isEqualTo(home.toString());
    }

    @Test void findsAMacJdk() throws Exception {
        Path home = jdk("jdks/temurin-25.jdk/Contents/Home", "25", VECTOR);
        assertThat(jdk25().out().strip()).isEqualTo(home.toString());
    }

    @Test void saysInOneSentenceThatNoJdkFits() throws Exception {
        executable(bin.resolve("java"), "#!/bin/bash\nexit 1\n");
        jdk("jdks/17", "17.0.15", VECTOR);
        jdk("jdks/251", "251", VECTOR);
        jdk("jdks/no-vector", "25", "MODULES=\"java.base\"");
        Files.delete(jdk("jdks/jre", "25", VECTOR).resolve("bin/javac"));
        environment.put("JAVA_HOME", temp.resolve("jdks/17").toString());
        Outcome failed = run("granularity");
        assertThat(failed.exit()).isEqualTo(1);
        assertThat(failed.out()).isEmpty();
        assertThat(failed.err()).containsOnlyOnce("\n").startsWith("moe4j needs a JDK 25").contains("JAVA_HOME=");
    }

    @Test void saysSoToWhereThereIsNoJavaAtAll() throws Exception {
        for (String tool : List.of("bash", "dirname", "basename", "awk", "sed", "grep", "find", "head", "mkdir", "env")) {
            String there = Files.exists(Path.of("/usr/bin", tool)) ? "/usr/bin/" : "/bin/";
            executable(bin.resolve(tool), "#!/bin/bash\nexec " + there + tool + " \"$@\"\n");
        }
        environment.put("PATH", bin.toString());
        Outcome failed = run("granularity");
        assertThat(failed.exit()).isEqualTo(1);
        assertThat(failed.err()).containsOnlyOnce("\n").startsWith("moe4j needs a JDK 25");

        jdk("jdks/25", "25", VECTOR);
        Outcome noMaven = run("granularity");
        assertThat(noMaven.exit()).isEqualTo(1);
        assertThat(noMaven.err()).containsOnlyOnce("\n").contains("install Apache Maven");
    }

    @Test void buildsOnceAndAgainAfterAnEdit() throws Exception {
        jdk("jdks/25", "25", VECTOR);
        executable(bin.resolve("mvn"), "#!/bin/bash\necho \"$@\" >> '" + temp + "/calls'\nmkdir -p target/classes target/lib\n");
        assertThat(run("granularity").exit()).isZero();
        assertThat(run("granularity").err()).isEmpty();
        assertThat(temp.resolve("calls")).hasContent("-q -B -DskipTests compile");
        Files.setLastModifiedTime(project.resolve("src/main/java/A.java"), FileTime.from(Instant.now().plusSeconds(2)));
        assertThat(run("granularity").err()).contains("Building");
        assertThat(Files.readAllLines(temp.resolve("calls"))).hasSize(2);
    }

    @Test void compilesTheStudiesAndArchivesTheirClassesOnceForABuild() throws Exception {
        onARealJdk();
        write("experiments/train.java", "void main(String[] words) { IO.println(\"train \" + String.join(\" \", words)); }\n");
        write("target/classes/a.txt", "");
        built();
        Outcome first = run("train", "me");
        assertThat(first.err()).doesNotContain("train.java");
        assertThat(first.out().strip()).isEqualTo("train me");
        assertThat(project.resolve("target/start")).isDirectoryContaining(file -> file.endsWith("classes.jsa"));

        environment.put("JDK_JAVA_OPTIONS", "-Xlog:class+load:file=" + temp + "/loaded");
        FileTime made = Files.getLastModifiedTime(project.resolve("target/start/moe4j.jar"));
        assertThat(run("train").exit()).isZero();
        assertThat(Files.readString(temp.resolve("loaded"))).containsPattern("\\] train source: shared objects file \\(top\\)");
        assertThat(Files.getLastModifiedTime(project.resolve("target/start/moe4j.jar"))).isEqualTo(made);

        write("experiments/train.java", "void main() { IO.println(\"edited\"); }\n");
        Files.setLastModifiedTime(project.resolve("experiments/train.java"), FileTime.from(Instant.now().plusSeconds(90)));
        assertThat(run("train").out().strip()).isEqualTo("edited");

        environment.remove("JDK_JAVA_OPTIONS");
        Files.write(project.resolve("target/start/classes.jsa"), new byte[100]);
        assertThat(run("granularity")).isEqualTo(new Outcome(0, "", first.err()));   // no word of an archive that is of no use
    }

    @Test void startsWithoutAnArchiveWhereNoneCanBeMade() throws Exception {
        onARealJdk();
        write("experiments/bench.java", "no Java at all");
        write("experiments/granularity.java", "void main() { IO.println(\"here\"); }\n");
        built();
        assertThat(run("granularity").out().strip()).isEqualTo("here");
        assertThat(project.resolve("target")).isDirectoryNotContaining(file -> file.getFileName().toString().startsWith("start"));
    }

    @Test void makesItOnceForRunsThatStartTogether() throws Exception {
        onARealJdk();
        write("experiments/train.java", "void main() { IO.println(\"trained\"); }\n");
        built();
        List<Process> together = new ArrayList<>();
        for (int i = 0; i < 3; i++) together.add(start("train"));
        for (Process process : together) assertThat(finish(process).out().strip()).isEqualTo("trained");
        try (var left = Files.list(project.resolve("target"))) {
            assertThat(left.map(file -> file.getFileName().toString())).containsExactlyInAnyOrder(".built", ".building", "classes", "lib", "start");
        }
    }

    @Test void showsTheBuildsOutputOnlyWhenItFails() throws Exception {
        jdk("jdks/25", "25", VECTOR);
        executable(bin.resolve("mvn"), "#!/bin/bash\necho 'A.java: boom'\nexit 1\n");
        Outcome failed = run("granularity");
        assertThat(failed.exit()).isEqualTo(1);
        assertThat(failed.err()).contains("A.java: boom");
        assertThat(project.resolve("target/.built")).doesNotExist();
    }

    @Test void listsTheStudiesWithTheirFirstLine() throws Exception {
        assertThat(run("--list").out().lines().map(String::strip))
                .containsExactly("bench          Measures the kernels.", "granularity    How finely to cut.");
        assertThat(run().out()).startsWith("usage:");
    }

    @Test void suggestsTheNearestStudy() throws Exception {
        Outcome refused = run("granularty", "--budget", "smoke");
        assertThat(refused.exit()).isEqualTo(2);
        assertThat(refused.err()).containsOnlyOnce("\n").contains("\"granularty\"", "did you mean \"granularity\"?");
        assertThat(run("zzz").err()).containsOnlyOnce("\n").doesNotContain("did you mean");
    }

    private Path jdk(String place, String version, String modules) throws IOException {
        Path home = temp.resolve(place);
        executable(home.resolve("bin/java"), SAYS_ITS_ARGUMENTS);
        executable(home.resolve("bin/javac"), SAYS_ITS_ARGUMENTS);
        Files.writeString(home.resolve("release"), "JAVA_VERSION=\"" + version + "\"\n" + modules + "\n");
        return home;
    }

    /** Takes the JDK that runs this, which starts programs in earnest. */
    private void onARealJdk() {
        environment.put("JAVA_HOME", System.getProperty("java.home"));
    }

    private void built() throws IOException {
        Files.createDirectories(project.resolve("target/classes"));
        Files.createDirectories(project.resolve("target/lib"));
        Files.createFile(project.resolve("target/.built"));
    }

    private void write(String file, String text) throws IOException {
        Path path = project.resolve(file);
        Files.createDirectories(path.getParent());
        Files.writeString(path, text);
    }

    private static void executable(Path file, String text) throws IOException {
        Files.createDirectories(file.getParent());
        Files.writeString(file, text);
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
    }

    private Outcome run(String... arguments) throws Exception {
        return finish(start(arguments));
    }

    private Outcome jdk25() throws Exception {
        return finish(command(List.of(project.resolve("experiments/jdk25").toString())).start());
    }

    private Process start(String... arguments) throws IOException {
        List<String> command = new ArrayList<>(List.of(project.resolve("experiments/run").toString()));
        command.addAll(List.of(arguments));
        return command(command).start();
    }

    private ProcessBuilder command(List<String> command) {
        ProcessBuilder builder = new ProcessBuilder(command).directory(temp.toFile());
        builder.environment().clear();
        builder.environment().putAll(environment);
        return builder;
    }

    private static Outcome finish(Process process) throws Exception {
        String out = new String(process.getInputStream().readAllBytes());
        String err = new String(process.getErrorStream().readAllBytes());
        assertThat(process.waitFor(20, TimeUnit.SECONDS)).isTrue();
        return new Outcome(process.exitValue(), out, err);
    }
}
