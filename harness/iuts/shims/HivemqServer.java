// HiveMQ CE from its Maven packages is a library: this is its main program.
// java HivemqServer FOLDER-OF-CONFIG.XML FOLDER-OF-DATA
import com.hivemq.embedded.EmbeddedExtension;
import com.hivemq.embedded.EmbeddedHiveMQ;
import com.hivemq.extension.sdk.api.ExtensionMain;
import com.hivemq.extension.sdk.api.auth.SimpleAuthenticator;
import com.hivemq.extension.sdk.api.parameter.*;
import com.hivemq.extension.sdk.api.services.Services;
import java.nio.file.Files;
import java.nio.file.Path;

public class HivemqServer {
  static class AllowAll implements ExtensionMain {
    public void extensionStart(ExtensionStartInput input, ExtensionStartOutput output) {
      SimpleAuthenticator allow = (in, out) -> out.authenticateSuccessfully();
      Services.securityRegistry().setAuthenticatorProvider(in -> allow);
    }

    public void extensionStop(ExtensionStopInput input, ExtensionStopOutput output) {}
  }

  public static void main(String[] args) throws Exception {
    Path config = Path.of(args[0]);
    Path data = Path.of(args[1]);
    Path extensions = Files.createDirectories(config.resolve("extensions"));
    EmbeddedExtension allowAll = EmbeddedExtension.builder().withId("allow-all").withName("allow all")
        .withVersion("1").withExtensionMain(new AllowAll()).build();
    EmbeddedHiveMQ server = EmbeddedHiveMQ.builder().withConfigurationFolder(config)
        .withDataFolder(data).withExtensionsFolder(extensions).withEmbeddedExtension(allowAll).build();
    server.start().join();
    Runtime.getRuntime().addShutdownHook(new Thread(() -> server.stop().join()));
    System.out.println("ready");
    Thread.currentThread().join();
  }
}
