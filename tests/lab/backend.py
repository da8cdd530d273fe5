# SPDX-License-Identifier: GPL-3.0-or-later
"""The back-end network: a namespace with a real nginx that serves the pets."""
import os
import pathlib
import signal

from .network import Host, run, wait_for

PETS = '[{"id":1,"type":"dog","price":249.99},{"id":2,"type":"cat","price":124.99},{"id":3,"type":"fish","price":0.99}]'

NGINX = """
daemon off; master_process off; worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/nginx-error.log;
events {{ worker_connections 4096; }}
http {{
  access_log {folder}/nginx-access.log;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/f;
  uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  keepalive_requests 1000000; client_max_body_size 20m;
  server {{
    listen {listen}; default_type application/json;
    location = /pets {{ return 200 '{pets}'; }}
    location ~ ^/pets/(?<id>[0-9]+)$ {{ return 200 '{{"id":$id}}'; }}
    location = /headers {{ return 200 '{{"host":"$http_host","user_agent":"$http_user_agent","query":"$args"}}'; }}
    location /files/ {{ alias {folder}/files/; }}
    location / {{ return 404 '{{"message":"no such thing"}}'; }}
  }}
}}
"""


class Backend:
    """nginx at `address` in its own namespace, reached from this one over a veth pair."""

    def __init__(self, folder, prefix="pl", network="10.30.0", port=8080):
        self.folder = pathlib.Path(folder)
        self.address, self.port = f"{network}.2", port
        self.url = f"http://{self.address}:{port}"
        self.host = Host(f"{prefix}-backend")
        self.link = f"{prefix}-back"
        run("ip", "link", "add", self.link, "type", "veth", "peer", "name", "eth0", "netns", self.host.name)
        run("ip", "address", "add", f"{network}.1/24", "dev", self.link)
        run("ip", "link", "set", self.link, "up")
        run("ip", "-n", self.host.name, "address", "add", f"{self.address}/24", "dev", "eth0")
        run("ip", "-n", self.host.name, "link", "set", "eth0", "up")
        (self.folder / "files").mkdir(parents=True, exist_ok=True)
        os.chmod(self.folder, 0o755)
        configuration = self.folder / "nginx.conf"
        configuration.write_text(NGINX.format(folder=self.folder, listen=f"{self.address}:{port}", pets=PETS))
        self.nginx = self.host.popen("nginx", "-c", configuration)
        wait_for(lambda: self.host.run("curl", "-s", f"{self.url}/pets", check=False).returncode == 0, "nginx")

    def requests(self, path):
        """The lines of nginx's access log for `path`."""
        return [line for line in (self.folder / "nginx-access.log").read_text().splitlines() if f" {path} " in line]

    def close(self):
        if self.nginx.poll() is None:
            self.nginx.send_signal(signal.SIGTERM)
            self.nginx.wait(10)
        self.host.close()
        run("ip", "link", "delete", self.link, check=False)
