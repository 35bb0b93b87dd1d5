// Checks engine and expert layers against reference cases: verify DIR [--device reference|simd|both]
import java.nio.file.Path;
import org.moe4j.backend.*;
import org.moe4j.golden.*;
import org.moe4j.io.InputException;

void main(String[] args) {
    try {
        List<String> words = new ArrayList<>(List.of(args));
        if (words.contains("--help")) {
            IO.println("usage: experiments/run verify DIR [--device reference|simd|both]");
            return;
        }
        int at = words.indexOf("--device");
        String device = at < 0 ? "both" : at + 1 < words.size() ? words.remove(at + 1) : "";
        words.remove("--device");
        if (words.size() > 1) throw InputException.unknown("option", words.get(1), List.of("--device"));
        if (words.isEmpty()) throw new InputException("give the folder of the cases: experiments/run verify DIR [--device reference|simd|both]");
        GoldenReport report = GoldenFolder.verify(Path.of(words.getFirst()), GoldenFolder.devices(device));
        IO.println(report);
        System.exit(report.exitCode());
    } catch (InputException mistake) {
        System.err.println(mistake.getMessage());
        System.exit(2);
    }
}
