"""The .env switch: edit the text, write it safely, keep the old one."""
