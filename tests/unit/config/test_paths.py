from pathlib import Path

from understudy.config.load import load_text


def test_files_of_a_check_are_looked_for_beside_the_configuration(tmp_path: Path) -> None:
    (tmp_path / "z").touch()
    text = (
        "listen: 127.0.0.1\nzones: {example.com: {file: z}}\n"
        "checks: {web: {http: 'https://www.example.com/', ca_file: own.pem}}\n"
        "records: {www.example.com: {check: web, tiers: [[192.0.2.1]]}}\n"
    )
    settings = load_text(text, tmp_path / "u.yaml").configuration.checks["web"].settings
    assert f"{tmp_path}/own.pem" in repr(settings)
